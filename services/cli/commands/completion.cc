// pennypost completion bash|zsh|fish: the shell asks the program itself (`pennypost __complete
// WORD...`), so completion always fits the version that runs.

#include "services/cli/context.h"

namespace pennypost::cli {
namespace {

constexpr char kBash[] = R"sh(_pennypost() {
  COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _pennypost pennypost
)sh";
constexpr char kZsh[] = R"sh(#compdef pennypost
_pennypost() {
  compadd -- $("${words[1]}" __complete -- "${words[@]:1:CURRENT-2}" 2>/dev/null)
}
compdef _pennypost pennypost
)sh";
constexpr char kFish[] =
    R"sh(complete -c pennypost -f -a '(set -l w (commandline -opc); $w[1] __complete -- $w[2..-1] 2>/dev/null)'
)sh";

// What may follow these words: the subcommands and options of the deepest command they name.
void Complete(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* at = &root;
  for (const std::string& word : words) {
    for (const CLI::App* next : at->get_subcommands([](const CLI::App*) { return true; })) {
      if (next->get_name() == word) {
        at = next;
        break;
      }
    }
  }
  for (const CLI::App* next : at->get_subcommands([](const CLI::App*) { return true; })) {
    if (!next->get_name().starts_with("__")) printf("%s\n", next->get_name().c_str());
  }
  // Those of the program itself may stand anywhere.
  for (const CLI::App* app : {at, &root}) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) printf("--%s\n", name.c_str());
    }
    if (at == &root) break;
  }
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Context& context) {
  auto shell = std::make_shared<std::string>();
  auto* command = app.add_subcommand(
      "completion", "script for the shell: pennypost completion bash >> ~/.bashrc");
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell] {
    printf("%s", *shell == "bash" ? kBash : *shell == "zsh" ? kZsh : kFish);
  });
  auto words = std::make_shared<std::vector<std::string>>();
  command = app.add_subcommand("__complete", "")->group("");
  command->add_option("WORDS", *words);
  command->callback([&app, &context, words] {
    Complete(app, *words);
    context.exit_code = kDone;
  });
}

}  // namespace pennypost::cli
