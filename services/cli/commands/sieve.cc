// pennypost sieve test, pennypost sieve testsuite: the Sieve library by itself. Needs no
// configuration and no service.

#include "services/cli/commands/sieve.h"

#include <absl/time/clock.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sieve/run.h"
#include "sieve/testsuite.h"

namespace pennypost::cli {
namespace {

using Json = nlohmann::ordered_json;

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return std::nullopt;
  return text;
}

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

// Files made on this machine end lines with LF; mail ends them with CRLF.
std::string WithCrLf(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\n' && !out.ends_with('\r')) out.push_back('\r');
    out.push_back(c);
  }
  return out;
}

// The clock of this machine, scripts beside the one tested, and every mailbox there is.
class TryHost : public sieve::Host {
 public:
  explicit TryHost(std::string folder) : folder_(std::move(folder)) {}

  absl::Time Now() const override { return absl::Now(); }
  absl::TimeZone Zone() const override { return absl::LocalTimeZone(); }
  bool MailboxExists(std::string_view) const override { return true; }
  std::optional<std::string> ScriptText(sieve::ScriptPlace, std::string_view name) const override {
    // A name is no path: it does not leave the folder.
    if (name.empty() || name.starts_with('.') || name.find('/') != std::string_view::npos) {
      return std::nullopt;
    }
    return ReadFile(folder_ + std::string(name) + ".sieve");
  }

 private:
  std::string folder_;
};

std::string Join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

void AddFlags(Json& json, const std::vector<std::string>& flags) {
  if (!flags.empty()) json["flags"] = flags;
}

struct Describer {
  Json& json;

  void operator()(const sieve::Keep& keep) { AddFlags(json, keep.flags); }
  void operator()(const sieve::Discard&) {}
  void operator()(const sieve::FileInto& file) {
    json["mailbox"] = file.mailbox;
    if (!file.special_use.empty()) json["special_use"] = file.special_use;
    if (!file.mailbox_id.empty()) json["mailbox_id"] = file.mailbox_id;
    if (file.create) json["create"] = true;
    AddFlags(json, file.flags);
  }
  void operator()(const sieve::Redirect& redirect) { json["address"] = redirect.address; }
  void operator()(const sieve::Reject& reject) { json["reason"] = reject.reason; }
  void operator()(const sieve::Vacation& vacation) {
    json["recipient"] = vacation.recipient;
    json["from"] = vacation.from;
    json["subject"] = vacation.subject;
    json["seconds"] = vacation.period_seconds;
    json["body"] = vacation.body;
  }
  void operator()(const sieve::Notify& notify) {
    json["method"] = notify.method;
    if (!notify.message.empty()) json["message"] = notify.message;
    json["importance"] = notify.importance;
  }
  void operator()(const sieve::RememberDuplicate& duplicate) {
    json["id"] = duplicate.id;
    json["seconds"] = duplicate.seconds;
  }
};

Json ToJson(const sieve::ScriptError& error) {
  return {{"line", error.at.line}, {"column", error.at.column}, {"message", error.message}};
}

Json ToJson(const sieve::Result& result) {
  Json json{{"actions", Json::array()}};
  for (const sieve::Action& action : result.actions) {
    Json one{{"action", sieve::NameOf(action)}};
    std::visit(Describer{one}, action);
    json["actions"].push_back(std::move(one));
  }
  json["implicit_keep"] = result.implicit_keep;
  if (result.implicit_keep) AddFlags(json, result.implicit_flags);
  json["edits"] = Json::array();
  for (const sieve::HeaderEdit& edit : result.edits) {
    bool add = edit.kind == sieve::HeaderEdit::Kind::kAdd;
    json["edits"].push_back(
        {{"edit", add ? "add" : "delete"}, {"name", edit.name}, {"value", edit.value}});
  }
  json["error"] = result.error ? ToJson(*result.error) : Json(nullptr);
  json["steps"] = result.steps;
  return json;
}

void PrintJsonText(const Json& json) {
  // What a script took from a message need not be UTF-8.
  printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

// One line: what stands in a message or script must not draw on the terminal.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = ' ';
  }
  return text;
}

std::string Details(const Json& action) {
  std::string out;
  for (const auto& [key, value] : action.items()) {
    if (key == "action") continue;
    std::string text = value.is_string()  ? value.get<std::string>()
                       : value.is_array() ? Join(value.get<std::vector<std::string>>())
                                          : value.dump();
    out += (out.empty() ? "" : ", ") + key + " " + text;
  }
  return Printable(out);
}

void PrintResult(const sieve::Result& result) {
  Json json = ToJson(result);
  std::vector<Row> rows;
  for (const Json& action : json["actions"]) {
    rows.push_back({action["action"].get<std::string>(), Details(action)});
  }
  if (result.implicit_keep) {
    rows.push_back({"keep", result.implicit_flags.empty()
                                ? "implicit"
                                : "implicit, flags " + Join(result.implicit_flags)});
  }
  PrintTable({"ACTION", "DETAILS"}, rows);
  for (const sieve::HeaderEdit& edit : result.edits) {
    bool add = edit.kind == sieve::HeaderEdit::Kind::kAdd;
    printf("%s header %s: %s\n", add ? "add" : "delete", Printable(edit.name).c_str(),
           Printable(edit.value).c_str());
  }
}

struct TryOptions {
  std::string script;
  std::string from = "sender@example.org";
  std::string to = "recipient@example.org";
};

// Errors go to stderr for people, and into the JSON for programs.
void FailToCompile(Context& context, const std::string& path, const sieve::Script& script) {
  context.exit_code = kCheckFailed;
  if (!context.json()) {
    for (const sieve::ScriptError& error : script.errors) {
      fprintf(stderr, "pennypost: %s: %s\n", path.c_str(), Printable(error.ToString()).c_str());
    }
    return;
  }
  Json errors = Json::array();
  for (const sieve::ScriptError& error : script.errors) errors.push_back(ToJson(error));
  PrintJsonText({{"errors", std::move(errors)}});
}

void Try(Context& context, const TryOptions& options) {
  std::optional<std::string> text = ReadFile(options.script);
  if (!text) return context.Fail("cannot read " + options.script, kNotFound);
  sieve::Script script = sieve::Compile(*text);
  if (!script.ok()) return FailToCompile(context, options.script, script);
  std::string mail{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  sieve::Message message(WithCrLf(mail));
  TryHost host(FolderOf(options.script));
  sieve::Result result =
      sieve::Execute(script, message, {options.from, options.to, options.to}, host);
  if (context.json()) {
    PrintJsonText(ToJson(result));
  } else {
    PrintResult(result);
  }
  if (!result.error) return;
  std::string words = Printable(result.error->ToString());
  context.Fail(options.script + ": " + words + "; the mail is kept", kFailed);
}

// The test files' own folders are where their scripts are read from.
void RunTestSuite(Context& context, const std::vector<std::string>& files) {
  size_t passed = 0;
  Json failures = Json::array();
  for (const std::string& path : files) {
    std::optional<std::string> text = ReadFile(path);
    if (!text) return context.Fail("cannot read " + path, kNotFound);
    std::string folder = FolderOf(path);
    sieve::TestReport report = sieve::RunTestFile(*text, [&folder](std::string_view name) {
      return ReadFile(name.starts_with('/') ? std::string(name) : folder + std::string(name));
    });
    passed += report.passed;
    for (const sieve::TestFailure& failure : report.failed) {
      failures.push_back({{"file", path}, {"test", failure.test}, {"reason", failure.reason}});
    }
  }
  if (!failures.empty()) context.exit_code = kCheckFailed;
  if (context.json()) {
    return PrintJsonText({{"passed", passed}, {"failed", failures.size()}, {"failures", failures}});
  }
  for (const Json& failure : failures) {
    std::string test = failure["test"].get<std::string>();
    std::string line = failure["file"].get<std::string>() + ": " +
                       (test.empty() ? "" : "\"" + test + "\": ") +
                       failure["reason"].get<std::string>();
    printf("FAIL %s\n", Printable(line).c_str());
  }
  printf("%zu passed, %zu failed\n", passed, failures.size());
}

}  // namespace

void AddSieveCommands(CLI::App& app, Context& context) {
  auto* sieve = app.add_subcommand(
      "sieve", "Sieve scripts: those of accounts, and trying them without doing anything");
  sieve->require_subcommand(1);
  AddSieveScriptCommands(sieve, context);

  auto options = std::make_shared<TryOptions>();
  auto* command = sieve->add_subcommand(
      "test", "what a script would do with the message on stdin; 4 if it does not compile");
  command->add_option("SCRIPT", options->script, "file with the script")->required();
  command->add_option("--from", options->from, "envelope sender; empty for the null sender")
      ->capture_default_str();
  command->add_option("--to", options->to, "envelope recipient")->capture_default_str();
  command->callback([&context, options] { Try(context, *options); });

  auto files = std::make_shared<std::vector<std::string>>();
  command = sieve->add_subcommand("testsuite",
                                  "run test scripts (vnd.dovecot.testsuite); 4 if a test fails");
  command->add_option("FILE", *files, "files, usually *.svtest")->required();
  command->callback([&context, files] { RunTestSuite(context, *files); });
}

}  // namespace pennypost::cli
