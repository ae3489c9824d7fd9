// pennypost import maildir, mbox, imap: mail of other programs into an account. The mail store
// knows no roles: these are the platform's own.

#include "base/text.h"
#include "services/cli/transfer/imap_source.h"
#include "services/cli/transfer/importer.h"
#include "services/cli/transfer/maildir_source.h"
#include "services/cli/transfer/mbox_source.h"

namespace pennypost::cli {
namespace {

struct Options {
  std::string address, path, mailbox;
  std::vector<std::string> renames, only;
  bool plain_names = false, dates_from_header = false;
  std::string quoting = "mboxrd";
  ImportOptions import;
};
using OptionsPtr = std::shared_ptr<Options>;

// "Old=New/Name" of --rename. False with the complaint made.
bool ReadRenames(Context& context, Options& options) {
  for (const std::string& text : options.renames) {
    size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
      context.Fail(fmt::format("--rename {}: not of the form FOLDER=MAILBOX", text), kUsage);
      return false;
    }
    options.import.renames[text.substr(0, equals)] = text.substr(equals + 1);
  }
  options.import.map_special = !options.plain_names;
  options.import.only.insert(options.only.begin(), options.only.end());
  return true;
}

void Import(Context& context, Options& options, Source& source) {
  if (!ReadRenames(context, options)) return;
  auto store = StoreLink::Find(context, options.address);
  if (!store) return;
  TransferReport report(context, options.import.dry_run ? "new" : "imported");
  absl::Status begun = Importer(*store, source, options.import, report).Run();
  if (!begun.ok()) return context.Fail(begun);
  report.Finish();
}

DatesFrom DatesOf(const Options& options) {
  return options.dates_from_header ? DatesFrom::kHeader : DatesFrom::kFile;
}

CLI::App* AddCommand(CLI::App* group, const char* name, const char* help,
                     const OptionsPtr& options) {
  auto* command = group->add_subcommand(name, help);
  command->add_option("ADDRESS", options->address, "of the account that gets the mail")->required();
  command
      ->add_option("--rename", options->renames,
                   "FOLDER=MAILBOX: this folder of the source goes to that mailbox; may be given "
                   "several times")
      ->allow_extra_args(false);
  command
      ->add_option("--only", options->only,
                   "only this folder, as it would be named here; may be given several times")
      ->allow_extra_args(false);
  command->add_flag("--plain-names", options->plain_names,
                    "keep all names: otherwise Sent Items goes to the mailbox that is \\Sent, and "
                    "the like");
  command->add_flag("--ignore-quota", options->import.ignore_quota,
                    "import also what is over the quota of the account");
  command->add_flag("--dry-run", options->import.dry_run, "say what would be imported");
  return command;
}

void AddMaildir(CLI::App* group, Context& context) {
  auto options = std::make_shared<Options>();
  auto* command = AddCommand(group, "maildir", "from a Maildir with its folders", options);
  command->add_option("PATH", options->path, "the folder that has cur and new")->required();
  command->add_flag("--dates-from-header", options->dates_from_header,
                    "take dates from Received and Date: the files lost theirs in a copy");
  command->callback([&context, options] {
    MaildirSource source(options->path, DatesOf(*options));
    Import(context, *options, source);
  });
}

void AddMbox(CLI::App* group, Context& context) {
  auto options = std::make_shared<Options>();
  auto* command =
      AddCommand(group, "mbox", "from a file in mbox format, or a folder of them", options);
  command->add_option("PATH", options->path, "file or folder; Thunderbird's too")->required();
  command->add_option("--mailbox", options->mailbox, "where a single file goes (default: INBOX)");
  command
      ->add_option("--quoting", options->quoting,
                   "how lines with From are quoted: mboxrd (default), mboxo or none")
      ->check(CLI::IsMember({"mboxrd", "mboxo", "none"}));
  command->add_flag("--dates-from-header", options->dates_from_header,
                    "take dates from Received and Date instead of the From_ lines");
  command->callback([&context, options] {
    using mailfile::MboxQuoting;
    MboxQuoting quoting = options->quoting == "mboxrd"  ? MboxQuoting::kMboxrd
                          : options->quoting == "mboxo" ? MboxQuoting::kMboxo
                                                        : MboxQuoting::kNone;
    if (!options->mailbox.empty()) options->renames.push_back("INBOX=" + options->mailbox);
    MboxSource source(options->path, quoting, DatesOf(*options));
    Import(context, *options, source);
  });
}

struct ImapOptions : Options {
  ImapServer server;
  std::string host, password_file;
};

// "host", "host:port", "[::1]:port".
bool ReadHost(Context& context, ImapOptions& options) {
  std::string host = options.host, port = options.server.starttls ? "143" : "993";
  size_t colon = host.rfind(':');
  bool bare_ipv6 = host.find(':') != colon && !host.starts_with('[');
  if (colon != std::string::npos && !bare_ipv6 && !host.ends_with(']')) {
    port = host.substr(colon + 1);
    host.resize(colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  auto number = ParseUint(port);
  if (host.empty() || !number || *number == 0 || *number > 65535) {
    context.Fail(fmt::format("--server {}: not of the form HOST or HOST:PORT", options.host),
                 kUsage);
    return false;
  }
  options.server.host = host;
  options.server.port = static_cast<uint16_t>(*number);
  return true;
}

void ImportImap(Context& context, ImapOptions& options) {
  if (!ReadHost(context, options)) return;
  auto password = ReadKnownPassword(options.password_file);
  if (!password.ok()) return context.Fail(password.status());
  options.server.password = *std::move(password);
  auto client = ImapClient::Open(options.server);
  if (!client.ok()) return context.Fail(client.status());
  ImapSource source(options.server, *std::move(client));
  Import(context, options, source);
}

void AddImap(CLI::App* group, Context& context) {
  auto options = std::make_shared<ImapOptions>();
  auto* command = AddCommand(group, "imap", "from a running server, over TLS", options);
  command
      ->add_option("--server", options->host,
                   "HOST or HOST:PORT; the certificate must be good for that name")
      ->required();
  command->add_option("--user", options->server.user, "name there")->required();
  command->add_option("--password-file", options->password_file,
                      "file with the password there, - for stdin (default: asks)");
  command->add_flag("--starttls", options->server.starttls,
                    "begin TLS by STARTTLS, at port 143 (default: TLS at once, at port 993)");
  command->add_option("--ca-file", options->server.ca_file,
                      "certificates to trust instead of the system's");
  command->callback([&context, options] { ImportImap(context, *options); });
}

}  // namespace

void AddImportCommands(CLI::App& app, Context& context) {
  auto* group = app.add_subcommand("import", "mail of other programs into an account");
  group->require_subcommand(1);
  group->footer(
      "A run that ends early goes on when it is started again; a second one adds nothing.");
  AddMaildir(group, context);
  AddMbox(group, context);
  AddImap(group, context);
}

}  // namespace pennypost::cli
