// pennypost app-password: create, list, delete.

#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {
using namespace directory::v1;  // NOLINT: requests and responses of one service

Row ToRow(const AppPassword& password) {
  std::string protocols;
  for (const std::string& protocol : password.protocols())
    protocols += (protocols.empty() ? "" : ",") + protocol;
  return {std::to_string(password.id()), password.label(), protocols.empty() ? "all" : protocols,
          FormatTime(password.created_at()), FormatTime(password.last_used_at())};
}
}  // namespace

void AddAppPasswordCommands(CLI::App& app, Context& context) {
  auto* group =
      app.add_subcommand("app-password", "passwords for one program, limited to protocols");
  group->require_subcommand(1);

  auto create = std::make_shared<CreateAppPasswordRequest>();
  auto protocols = std::make_shared<std::vector<std::string>>();
  auto* command = group->add_subcommand("create", "make one; it is shown once");
  command
      ->add_option_function<std::string>("ADDRESS",
                                         [create](const std::string& v) { create->set_address(v); })
      ->required();
  command
      ->add_option_function<std::string>(
          "--label", [create](const std::string& v) { create->set_label(v); }, "what it is for")
      ->required();
  command->add_option("--protocol", *protocols, "may be given several times (default: all)")
      ->check(CLI::IsMember({"smtp", "imap", "pop3", "sieve", "web"}))
      ->allow_extra_args(false);
  command->callback([&context, create, protocols] {
    if (!context.Connect(Acting::kAnyone)) return;
    for (const std::string& protocol : *protocols) create->add_protocols(protocol);
    auto made = AskAs(context, &DirectoryService::CreateAppPassword, *create);
    if (!made.ok()) return context.Fail(made.status());
    if (context.json()) return PrintJson(*made);
    printf("%s\n", made->password().c_str());
  });

  auto list = std::make_shared<ListAppPasswordsRequest>();
  command = group->add_subcommand("list", "those of an account");
  command
      ->add_option_function<std::string>("ADDRESS",
                                         [list](const std::string& v) { list->set_address(v); })
      ->required();
  command->callback([&context, list] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto all = AskAs(context, &DirectoryService::ListAppPasswords, *list);
    if (!all.ok()) return context.Fail(all.status());
    if (context.json()) return PrintJson(*all);
    std::vector<Row> rows;
    for (const AppPassword& password : all->app_passwords()) rows.push_back(ToRow(password));
    PrintTable({"ID", "LABEL", "PROTOCOLS", "CREATED", "LAST USED"}, rows);
  });

  auto remove = std::make_shared<DeleteAppPasswordRequest>();
  command = group->add_subcommand("delete", "revoke one; it stops working at once");
  command
      ->add_option_function<std::string>("ADDRESS",
                                         [remove](const std::string& v) { remove->set_address(v); })
      ->required();
  command
      ->add_option_function<int64_t>(
          "ID", [remove](const int64_t& v) { remove->set_id(v); },
          "as 'app-password list' shows it")
      ->required();
  command->callback([&context, remove] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto gone = AskAs(context, &DirectoryService::DeleteAppPassword, *remove);
    if (!gone.ok()) return context.Fail(gone.status());
    context.PrintDeleted(std::to_string(remove->id()));
  });
}

}  // namespace pennypost::cli
