// pennypost sieve list, get, put, activate, deactivate, delete: scripts of accounts and domains.
// The mail store knows no roles: these are the platform's own.

#include <fstream>
#include <iostream>
#include <iterator>

#include "base/text.h"
#include "services/cli/acting.h"
#include "services/cli/commands/sieve.h"

namespace pennypost::cli {
namespace {

using mailbox::v1::MailboxService;

template <class Request, class Response>
using StoreMethod = rpc::Method<MailboxService, Request, Response>;

// Sets whose script a request is about: the account of an address, or "@domain". False with the
// complaint made.
template <class Request>
bool SetOwner(Context& context, const std::string& address, Request* request) {
  if (address.starts_with('@')) {
    request->set_domain(address.substr(1));
    return context.Connect();
  }
  std::optional<directory::v1::Account> found = FindAccount(context, address);
  if (found) request->set_account_id(found->id());
  return found.has_value();
}

void List(Context& context, const std::string& address) {
  mailbox::v1::ListScriptsRequest request;
  if (!SetOwner(context, address, &request)) return;
  auto list = Ask(context.clients.mailbox, &MailboxService::ListScripts, request);
  if (!list.ok()) return context.Fail(list.status());
  if (context.json()) return PrintJson(*list);
  std::vector<Row> rows;
  for (const auto& script : list->scripts()) {
    rows.push_back({script.name(), script.active() ? "yes" : "-",
                    std::to_string(script.size_bytes()), FormatTime(script.updated_at())});
  }
  PrintTable({"NAME", "ACTIVE", "BYTES", "CHANGED"}, rows);
}

void Get(Context& context, const std::string& address, const std::string& name) {
  mailbox::v1::GetScriptRequest request;
  request.set_name(name);
  if (!SetOwner(context, address, &request)) return;
  auto got = Ask(context.clients.mailbox, &MailboxService::GetScript, request);
  if (!got.ok()) return context.Fail(got.status());
  if (context.json()) return PrintJson(*got);
  // As it is: a script is text, and what was put must come back.
  fwrite(got->content().data(), 1, got->content().size(), stdout);
}

bool SetActive(Context& context, int64_t account_id, const std::string& name) {
  mailbox::v1::SetActiveScriptRequest request;
  request.set_account_id(account_id);
  request.set_name(name);
  auto done = Ask(context.clients.mailbox, &MailboxService::SetActiveScript, request);
  if (!done.ok()) context.Fail(done.status());
  return done.ok();
}

void PrintActive(const Context& context, const std::string& name) {
  mailbox::v1::Script script;
  script.set_name(name);
  script.set_active(!name.empty());
  if (context.json()) return PrintJson(script);
  printf("%s\n", name.empty() ? "no script is active" : ("active: " + name).c_str());
}

// Scripts of a domain run by their names.
void RefuseToActivate(Context& context) {
  context.Fail("the scripts 'before' and 'after' of a domain run as long as they are there",
               kUsage);
}

void Activate(Context& context, const std::string& address, const std::string& name) {
  if (address.starts_with('@')) return RefuseToActivate(context);
  mailbox::v1::GetScriptRequest owner;
  if (SetOwner(context, address, &owner) && SetActive(context, owner.account_id(), name))
    PrintActive(context, name);
}

struct PutOptions {
  std::string address, file, name;
  bool activate = false;
};

// "folder/rules.sieve" is "rules".
std::string NameOf(const std::string& file) {
  std::string name = file.substr(file.rfind('/') + 1);
  return name.ends_with(".sieve") ? name.substr(0, name.size() - 6) : name;
}

void FailToPut(Context& context, const std::string& file, const absl::Status& status) {
  if (ReasonOf(status) != Reason::kSyntax) return context.Fail(status);
  std::string words = MessageOf(status);
  for (std::string_view line : Split(words, '\n'))
    context.Fail(file + ": " + std::string(line), kCheckFailed);
}

void Put(Context& context, const PutOptions& options) {
  if (options.activate && options.address.starts_with('@')) return RefuseToActivate(context);
  bool standard_input = options.file == "-";
  if (standard_input && options.name.empty())
    return context.Fail("a script from standard input needs --name", kUsage);
  std::ifstream file;
  if (!standard_input) file.open(options.file, std::ios::binary);
  if (!standard_input && !file) return context.Fail("cannot read " + options.file, kNotFound);
  std::istream& in = standard_input ? std::cin : file;
  mailbox::v1::PutScriptRequest request;
  request.set_content(std::string{std::istreambuf_iterator<char>(in), {}});
  request.set_name(options.name.empty() ? NameOf(options.file) : options.name);
  if (!SetOwner(context, options.address, &request)) return;
  auto put = Ask(context.clients.mailbox, &MailboxService::PutScript, request);
  if (!put.ok()) return FailToPut(context, options.file, put.status());
  if (options.activate && !SetActive(context, request.account_id(), request.name())) return;
  mailbox::v1::Script stored;
  stored.set_name(request.name());
  stored.set_size_bytes(request.content().size());
  stored.set_active(options.activate);
  if (context.json()) return PrintJson(stored);
  printf("stored %s%s\n", request.name().c_str(), options.activate ? ", active" : "");
}

void Delete(Context& context, const std::string& address, const std::string& name) {
  mailbox::v1::DeleteScriptRequest request;
  request.set_name(name);
  if (!SetOwner(context, address, &request)) return;
  auto gone = Ask(context.clients.mailbox, &MailboxService::DeleteScript, request);
  if (!gone.ok()) return context.Fail(gone.status());
  context.PrintDeleted(name);
}

// A command for one script, or all, of an account.
CLI::App* AddCommand(CLI::App* group, const char* name, const char* help,
                     const std::shared_ptr<PutOptions>& options) {
  auto* command = group->add_subcommand(name, help);
  command
      ->add_option("ADDRESS", options->address,
                   "of the account; @DOMAIN for the scripts 'before' and 'after' of all in it")
      ->required();
  return command;
}

}  // namespace

void AddSieveScriptCommands(CLI::App* sieve, Context& context) {
  auto options = std::make_shared<PutOptions>();
  auto* command = AddCommand(sieve, "list", "the scripts of an account", options);
  command->callback([&context, options] { List(context, options->address); });

  options = std::make_shared<PutOptions>();
  command = AddCommand(sieve, "get", "print a script", options);
  command->add_option("NAME", options->name)->required();
  command->callback([&context, options] { Get(context, options->address, options->name); });

  options = std::make_shared<PutOptions>();
  command = AddCommand(sieve, "put", "store a script; 4 if it does not compile", options);
  command->add_option("FILE", options->file, "file with the script, - for standard input")
      ->required();
  command->add_option("--name", options->name, "its name (default: that of the file)");
  command->add_flag("--activate", options->activate, "and run it at delivery from now on");
  command->callback([&context, options] { Put(context, *options); });

  options = std::make_shared<PutOptions>();
  command = AddCommand(sieve, "activate", "run this script at delivery", options);
  command->add_option("NAME", options->name)->required();
  command->callback([&context, options] { Activate(context, options->address, options->name); });

  options = std::make_shared<PutOptions>();
  command = AddCommand(sieve, "deactivate", "run no script at delivery", options);
  command->callback([&context, options] { Activate(context, options->address, ""); });

  options = std::make_shared<PutOptions>();
  command = AddCommand(sieve, "delete", "delete a script that is not active", options);
  command->add_option("NAME", options->name)->required();
  command->callback([&context, options] { Delete(context, options->address, options->name); });
}

}  // namespace pennypost::cli
