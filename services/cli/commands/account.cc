// pennypost account: create, import, list, get, update, delete.

#include <fstream>
#include <iostream>
#include <sstream>

#include "base/text.h"
#include "services/cli/context.h"
#include "services/cli/csv.h"

namespace pennypost::cli {
namespace {

using namespace directory::v1;  // NOLINT: requests and responses of one service

const Row kHead = {"ADDRESS", "NAME", "ROLE", "ENABLED", "QUOTA", "CREATED"};

Row ToRow(const Account& account) {
  return {
      account.address(),
      account.display_name().empty() ? "-" : account.display_name(),
      account.role(),
      account.enabled() ? "yes" : "no",
      account.quota_bytes() == 0 ? "default" : fmt::format("{} MiB", account.quota_bytes() >> 20),
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
  if (!context.Connect()) return;
  auto made = Ask(context.clients.directory, &DirectoryService::CreateAccount, request);
  if (!made.ok()) return context.Fail(made.status());
  PrintAccount(context, made->account());
}

// address,password[,display name[,quota in bytes]]; a first line that begins with "address" is a
// head.
void Import(Context& context, const std::string& file) {
  std::stringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream in(file);
    if (!in) return context.Fail(fmt::format("cannot read {}", file), kUsage);
    text << in.rdbuf();
  }
  auto records = ParseCsv(text.str());
  if (!records.ok())
    return context.Fail(fmt::format("{}: {}", file, MessageOf(records.status())), kUsage);
  if (!context.Connect()) return;
  int made = 0, failed = 0;
  for (const auto& record : *records) {
    if (&record == &records->front() && EqualsIgnoreCase(record[0], "address")) continue;
    CreateAccountRequest request;
    request.set_address(record[0]);
    if (record.size() > 1) request.set_password(record[1]);
    if (record.size() > 2) request.set_display_name(record[2]);
    bool good_quota = true;
    if (record.size() > 3 && !record[3].empty()) {
      auto quota = ParseUint(record[3]);
      good_quota = quota.has_value();
      request.set_quota_bytes(static_cast<int64_t>(quota.value_or(0)));
    }
    absl::Status status =
        good_quota
            ? Ask(context.clients.directory, &DirectoryService::CreateAccount, request).status()
            : SyntaxError(fmt::format("'{}' is no quota in bytes", record[3]));
    if (status.ok()) {
      ++made;
    } else {
      // The rest is still worth making; each failure is named.
      ++failed;
      context.Fail(fmt::format("{}: {}", record[0], MessageOf(status)));
    }
  }
  printf("%d created, %d failed\n", made, failed);
}

void List(Context& context, const std::string& domain) {
  ListAccountsRequest request;
  request.set_domain(domain);
  ListAccountsResponse all;
  do {
    auto page = Ask(context.clients.directory, &DirectoryService::ListAccounts, request);
    if (!page.ok()) return context.Fail(page.status());
    all.mutable_accounts()->MergeFrom(page->accounts());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (context.json()) return PrintJson(all);
  std::vector<Row> rows;
  for (const Account& account : all.accounts()) rows.push_back(ToRow(account));
  PrintTable(kHead, rows);
}

void Delete(Context& context, const std::string& address) {
  if (!context.Connect()) return;
  GetAccountRequest get;
  get.set_address(address);
  auto found = Ask(context.clients.directory, &DirectoryService::GetAccount, get);
  if (!found.ok()) return context.Fail(found.status());
  // The account first: from then on nothing new arrives for it.
  DeleteAccountRequest remove;
  remove.set_address(address);
  auto gone = Ask(context.clients.directory, &DirectoryService::DeleteAccount, remove);
  if (!gone.ok()) return context.Fail(gone.status());
  mailbox::v1::DeleteAccountDataRequest data;
  data.set_account_id(found->account().id());
  auto emptied = Ask(context.clients.mailbox, &mailbox::v1::MailboxService::DeleteAccountData, data,
                     absl::Minutes(5));
  if (!emptied.ok()) return context.Fail(emptied.status());
  printf("deleted %s and its mail\n", address.c_str());
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
  command->add_option_function<int64_t>(
      "--quota-mib", [create](const int64_t& v) { create->set_quota_bytes(v << 20); },
      "quota in MiB; without it the platform's default");
  command->add_option_function<std::string>(
      "--role", [create](const std::string& v) { create->set_role(v); },
      "user, domain_admin, tenant_admin or platform_admin");
  command->callback(
      [&context, create, password_file] { Create(context, *create, *password_file); });

  auto file = std::make_shared<std::string>();
  command = account->add_subcommand("import",
                                    "add many: CSV of address,password[,name[,quota in bytes]]");
  command->add_option("FILE", *file, "- for stdin")->required();
  command->callback([&context, file] { Import(context, *file); });

  auto domain = std::make_shared<std::string>();
  command = account->add_subcommand("list", "all accounts");
  command->add_option("--domain", *domain, "only of this domain");
  command->callback([&context, domain] {
    if (context.Connect()) List(context, *domain);
  });

  auto get = std::make_shared<GetAccountRequest>();
  command = account->add_subcommand("get", "one account");
  command
      ->add_option_function<std::string>("ADDRESS",
                                         [get](const std::string& v) { get->set_address(v); })
      ->required();
  command->callback([&context, get] {
    if (!context.Connect()) return;
    auto found = Ask(context.clients.directory, &DirectoryService::GetAccount, *get);
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
  command->add_option("--password-file", *new_password, "file with the new password; - for stdin");
  command->add_option_function<std::string>(
      "--name", [update](const std::string& v) { update->set_display_name(v); });
  command->add_option_function<int64_t>(
      "--quota-mib", [update](const int64_t& v) { update->set_quota_bytes(v << 20); },
      "0 for the platform's default");
  command->add_option_function<bool>(
      "--enabled", [update](const bool& v) { update->set_enabled(v); }, "true or false");
  command->add_option_function<std::string>(
      "--role", [update](const std::string& v) { update->set_role(v); });
  command->callback([&context, update, new_password, ask_password] {
    if (*ask_password || !new_password->empty()) {
      auto password = ReadPassword(*new_password);
      if (!password.ok()) return context.Fail(password.status());
      update->set_password(*password);
    }
    if (!context.Connect()) return;
    auto changed = Ask(context.clients.directory, &DirectoryService::UpdateAccount, *update);
    if (!changed.ok()) return context.Fail(changed.status());
    PrintAccount(context, changed->account());
  });

  auto address = std::make_shared<std::string>();
  command = account->add_subcommand("delete", "remove an account and its mail");
  command->add_option("ADDRESS", *address)->required();
  command->callback([&context, address] { Delete(context, *address); });
}

}  // namespace pennypost::cli
