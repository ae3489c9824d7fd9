// pennypost alias: create, list, delete.

#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {
using namespace directory::v1;  // NOLINT: requests and responses of one service

Row ToRow(const Alias& alias) {
  std::string targets;
  for (const std::string& target : alias.targets())
    targets += (targets.empty() ? "" : ", ") + target;
  return {alias.address(), alias.send_as() ? "yes" : "no", targets};
}
}  // namespace

void AddAliasCommands(CLI::App& app, Context& context) {
  auto* alias = app.add_subcommand("alias", "addresses that lead to others, here or elsewhere");
  alias->require_subcommand(1);

  auto create = std::make_shared<Alias>();
  auto targets = std::make_shared<std::vector<std::string>>();
  auto* command =
      alias->add_subcommand("create", "add an alias; see 'group' for members with rules");
  command
      ->add_option_function<std::string>("ADDRESS",
                                         [create](const std::string& v) { create->set_address(v); })
      ->required();
  command->add_option("TARGETS", *targets, "one or more addresses")->required();
  command->add_flag_callback(
      "--send-as", [create] { create->set_send_as(true); }, "its targets may send as the alias");
  command->callback([&context, create, targets] {
    if (!context.Connect(Acting::kAnyone)) return;
    CreateAliasRequest request;
    *request.mutable_alias() = *create;
    for (const std::string& target : *targets) request.mutable_alias()->add_targets(target);
    auto made = AskAs(context, &DirectoryService::CreateAlias, request);
    if (!made.ok()) return context.Fail(made.status());
    if (context.json()) return PrintJson(made->alias());
    PrintTable({"ADDRESS", "SEND AS", "TARGETS"}, {ToRow(made->alias())});
  });

  auto list = std::make_shared<ListAliasesRequest>();
  command = alias->add_subcommand("list", "all aliases");
  command->add_option_function<std::string>(
      "--domain", [list](const std::string& v) { list->set_domain(v); }, "only of this domain");
  command->callback([&context, list] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto all = AskForAll(context, &DirectoryService::ListAliases, *list);
    if (!all.ok()) return context.Fail(all.status());
    if (context.json()) return PrintJson(*all);
    std::vector<Row> rows;
    for (const Alias& row : all->aliases()) rows.push_back(ToRow(row));
    PrintTable({"ADDRESS", "SEND AS", "TARGETS"}, rows);
  });

  auto remove = std::make_shared<DeleteAliasRequest>();
  command = alias->add_subcommand("delete", "remove an alias");
  command
      ->add_option_function<std::string>("ADDRESS",
                                         [remove](const std::string& v) { remove->set_address(v); })
      ->required();
  command->callback([&context, remove] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto gone = AskAs(context, &DirectoryService::DeleteAlias, *remove);
    if (!gone.ok()) return context.Fail(gone.status());
    context.PrintDeleted(remove->address());
  });
}

}  // namespace pennypost::cli
