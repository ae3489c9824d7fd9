// pennypost export maildir, mbox: the mail of an account as files. The mail store knows no roles:
// these are the platform's own.

#include "services/cli/transfer/exporter.h"
#include "services/cli/transfer/maildir_target.h"
#include "services/cli/transfer/mbox_target.h"

namespace pennypost::cli {
namespace {

struct Options {
  std::string address, path;
  std::vector<std::string> only;
  bool crlf = false;
};

void Export(Context& context, const Options& options, Target& target) {
  auto store = StoreLink::Find(context, options.address);
  if (!store) return;
  TransferReport report(context, "exported");
  absl::Status begun = Exporter(*store, target, {options.only.begin(), options.only.end()}, report)
                           .Run(options.path);
  if (!begun.ok()) return context.Fail(begun);
  report.Finish();
}

CLI::App* AddCommand(CLI::App* group, const char* name, const char* help,
                     const std::shared_ptr<Options>& options) {
  auto* command = group->add_subcommand(name, help);
  command->add_option("ADDRESS", options->address, "of the account")->required();
  command->add_option("PATH", options->path, "folder to write to; it is made")->required();
  command->add_option("--only", options->only, "only this mailbox; may be given several times")
      ->allow_extra_args(false);
  return command;
}

}  // namespace

void AddExportCommands(CLI::App& app, Context& context) {
  auto* group = app.add_subcommand("export", "the mail of an account as files");
  group->require_subcommand(1);
  group->footer("manifest.jsonl in the folder has a line for each message.");

  auto options = std::make_shared<Options>();
  auto* command = AddCommand(group, "maildir", "as a Maildir with its folders", options);
  command->add_flag("--crlf", options->crlf,
                    "end lines with CRLF, as the mail has them (default: LF)");
  command->callback([&context, options] {
    MaildirTarget target(options->path, options->crlf ? LineEnds::kCrlf : LineEnds::kLf);
    Export(context, *options, target);
  });

  options = std::make_shared<Options>();
  command = AddCommand(group, "mbox", "as a file in mbox format for each mailbox", options);
  command->callback([&context, options] {
    MboxTarget target(options->path);
    Export(context, *options, target);
  });
}

}  // namespace pennypost::cli
