// pennypost account: create, list, get, update, delete.

#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {

using namespace directory::v1;  // NOLINT: requests and responses of one service

const std::vector<std::string> kRoles = {"user", "domain_admin", "tenant_admin", "platform_admin"};
const Row kHead = {"ADDRESS", "NAME", "ROLE", "ENABLED", "QUOTA", "CREATED"};

Row ToRow(const Account& account) {
  return {account.address(),
          account.display_name().empty() ? "-" : account.display_name(),
          account.role(),
          account.enabled() ? "yes" : "no",
          FormatMib(account.quota_bytes(), "default"),
          FormatTime(account.created_at())};
}

void PrintAccount(Context& context, const Account& account) {
  if (context.json()) return PrintJson(account);
  PrintTable(kHead, {ToRow(account)});
}

void Create(Context& context, CreateAccountRequest request, const std::string& password_file) {
  auto password = ReadPassword(password_file);
  if (!password.ok()) return context.Fail(password.status());
  request.set_password(*password);
  if (!context.Connect(Acting::kAnyone)) return;
  auto made = AskAs(context, &DirectoryService::CreateAccount, request);
  if (!made.ok()) return context.Fail(made.status());
  PrintAccount(context, made->account());
}

void List(Context& context, const std::string& domain) {
  ListAccountsRequest request;
  request.set_domain(domain);
  auto all = AskForAll(context, &DirectoryService::ListAccounts, request);
  if (!all.ok()) return context.Fail(all.status());
  if (context.json()) return PrintJson(*all);
  std::vector<Row> rows;
  for (const Account& account : all->accounts()) rows.push_back(ToRow(account));
  PrintTable(kHead, rows);
}

void Delete(Context& context, const std::string& address) {
  std::optional<Account> found = FindAccount(context, address, Acting::kAnyone);
  if (!found) return;
  // The account first: from then on nothing new arrives for it.
  DeleteAccountRequest remove;
  remove.set_address(address);
  auto gone = AskAs(context, &DirectoryService::DeleteAccount, remove);
  if (!gone.ok()) return context.Fail(gone.status());
  mailbox::v1::DeleteAccountDataRequest data;
  data.set_account_id(found->id());
  auto emptied = Ask(context.clients.mailbox, &mailbox::v1::MailboxService::DeleteAccountData, data,
                     absl::Minutes(5));
  if (!emptied.ok()) return context.Fail(emptied.status());
  context.PrintDeleted(address);
}

}  // namespace

void AddAccountCommands(CLI::App& app, Context& context) {
  auto* account = app.add_subcommand("account", "people and programs with a mailbox");
  account->require_subcommand(1);

  auto create = std::make_shared<CreateAccountRequest>();
  auto password_file = std::make_shared<std::string>();
  auto* command = account->add_subcommand(
      "create", "add an account; the password comes from a prompt, a file or stdin");
  command
      ->add_option_function<std::string>("ADDRESS",
                                         [create](const std::string& v) { create->set_address(v); })
      ->required();
  command->add_option("--password-file", *password_file,
                      "file with the password in its first line; - for stdin");
  command->add_option_function<std::string>(
      "--name", [create](const std::string& v) { create->set_display_name(v); }, "name for people");
  command
      ->add_option_function<int64_t>(
          "--quota-mib", [create](const int64_t& v) { create->set_quota_bytes(v << 20); },
          "quota in MiB; without it the default of the tenant, or of the platform")
      ->check(CLI::Range(int64_t{0}, kMaxMib));
  command
      ->add_option_function<std::string>(
          "--role", [create](const std::string& v) { create->set_role(v); },
          "what the person may administer (default: user)")
      ->check(CLI::IsMember(kRoles));
  command->callback(
      [&context, create, password_file] { Create(context, *create, *password_file); });

  AddAccountImportCommand(*account, context);

  auto domain = std::make_shared<std::string>();
  command = account->add_subcommand("list", "all accounts");
  command->add_option("--domain", *domain, "only of this domain");
  command->callback([&context, domain] {
    if (context.Connect(Acting::kAnyone)) List(context, *domain);
  });

  auto get = std::make_shared<GetAccountRequest>();
  command = account->add_subcommand("get", "one account");
  command
      ->add_option_function<std::string>("ADDRESS",
                                         [get](const std::string& v) { get->set_address(v); })
      ->required();
  command->callback([&context, get] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto found = AskAs(context, &DirectoryService::GetAccount, *get);
    if (!found.ok()) return context.Fail(found.status());
    PrintAccount(context, found->account());
  });

  auto update = std::make_shared<UpdateAccountRequest>();
  auto new_password = std::make_shared<std::string>();
  auto ask_password = std::make_shared<bool>(false);
  command = account->add_subcommand("update", "change an account");
  command
      ->add_option_function<std::string>("ADDRESS",
                                         [update](const std::string& v) { update->set_address(v); })
      ->required();
  command->add_flag("--password", *ask_password, "ask for a new password");
  command->add_option("--password-file", *new_password,
                      "file with the new password in its first line; - for stdin");
  command->add_option_function<std::string>(
      "--name", [update](const std::string& v) { update->set_display_name(v); }, "name for people");
  command
      ->add_option_function<int64_t>(
          "--quota-mib", [update](const int64_t& v) { update->set_quota_bytes(v << 20); },
          "quota in MiB; 0 for the default of the tenant, or of the platform")
      ->check(CLI::Range(int64_t{0}, kMaxMib));
  AddSwitch(
      command, "--enabled", [update](bool v) { update->set_enabled(v); },
      "while false, no mail is taken for it and nobody logs in with it");
  command
      ->add_option_function<std::string>(
          "--role", [update](const std::string& v) { update->set_role(v); },
          "what the person may administer")
      ->check(CLI::IsMember(kRoles));
  command->callback([&context, update, new_password, ask_password] {
    bool password = *ask_password || !new_password->empty();
    if (!password && !update->has_display_name() && !update->has_quota_bytes() &&
        !update->has_enabled() && !update->has_role()) {
      return context.Fail(
          "say what to change: --password, --password-file, --name, --quota-mib, --enabled or "
          "--role",
          kUsage);
    }
    if (password) {
      auto read = ReadPassword(*new_password);
      if (!read.ok()) return context.Fail(read.status());
      update->set_password(*read);
    }
    if (!context.Connect(Acting::kAnyone)) return;
    auto changed = AskAs(context, &DirectoryService::UpdateAccount, *update);
    if (!changed.ok()) return context.Fail(changed.status());
    PrintAccount(context, changed->account());
  });

  auto address = std::make_shared<std::string>();
  command = account->add_subcommand("delete", "remove an account and its mail");
  command->add_option("ADDRESS", *address)->required();
  command->callback([&context, address] { Delete(context, *address); });
}

}  // namespace pennypost::cli
