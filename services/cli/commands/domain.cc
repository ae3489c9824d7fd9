// pennypost domain: create, list, get, update, delete.

#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {

using namespace directory::v1;  // NOLINT: requests and responses of one service

const Row kHead = {"DOMAIN", "TENANT", "ENABLED", "ALIAS OF", "CATCH-ALL", "CREATED"};

Row ToRow(const Domain& domain) {
  return {domain.name(),
          domain.tenant(),
          domain.enabled() ? "yes" : "no",
          domain.alias_of().empty() ? "-" : domain.alias_of(),
          domain.catch_all().empty() ? "-" : domain.catch_all(),
          FormatTime(domain.created_at())};
}

void PrintDomain(Context& context, const Domain& domain) {
  if (context.json()) return PrintJson(domain);
  PrintTable(kHead, {ToRow(domain)});
}

void List(Context& context, const ListDomainsRequest& request) {
  if (!context.Connect(Acting::kAnyone)) return;
  auto all = AskForAll(context, &DirectoryService::ListDomains, request);
  if (!all.ok()) return context.Fail(all.status());
  if (context.json()) return PrintJson(*all);
  std::vector<Row> rows;
  for (const Domain& domain : all->domains()) rows.push_back(ToRow(domain));
  PrintTable(kHead, rows);
}

void Get(Context& context, const ListDomainsRequest& request) {
  if (!context.Connect(Acting::kAnyone)) return;
  auto found = AskAs(context, &DirectoryService::ListDomains, request);
  if (!found.ok()) return context.Fail(found.status());
  PrintDomain(context, found->domains(0));
  if (context.json()) return;
  std::vector<Row> rows;
  for (const PublicKey& key : found->domains(0).keys())
    rows.push_back({key.selector(), key.algorithm()});
  printf("\n");
  PrintTable({"DKIM SELECTOR", "ALGORITHM"}, rows);
}

}  // namespace

void AddDomainCommands(CLI::App& app, Context& context) {
  auto* domain = app.add_subcommand("domain", "domains that this platform takes mail for");
  domain->require_subcommand(1);

  auto create = std::make_shared<CreateDomainRequest>();
  auto* command = domain->add_subcommand("create", "add a domain and make its DKIM keys");
  command
      ->add_option_function<std::string>("NAME",
                                         [create](const std::string& v) { create->set_name(v); })
      ->required();
  command->add_option_function<std::string>(
      "--alias-of", [create](const std::string& v) { create->set_alias_of(v); },
      "make it another name of that domain");
  command->add_option_function<std::string>(
      "--catch-all", [create](const std::string& v) { create->set_catch_all(v); },
      "address that gets what no other takes");
  command->add_option_function<std::string>(
      "--tenant", [create](const std::string& v) { create->set_tenant(v); },
      "owner of the domain (default: the tenant of --as, else \"default\")");
  command->callback([&context, create] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto made = AskAs(context, &DirectoryService::CreateDomain, *create);
    if (!made.ok()) return context.Fail(made.status());
    PrintDomain(context, made->domain());
    if (!context.json())
      printf("\nNext: pennypost dns records %s\n", made->domain().name().c_str());
  });

  auto list = std::make_shared<ListDomainsRequest>();
  command = domain->add_subcommand("list", "all domains");
  command->add_option_function<std::string>(
      "--tenant", [list](const std::string& v) { list->set_tenant(v); }, "only of this tenant");
  command->callback([&context, list] { List(context, *list); });

  auto get = std::make_shared<ListDomainsRequest>();
  command = domain->add_subcommand("get", "one domain with its public keys");
  command
      ->add_option_function<std::string>("NAME", [get](const std::string& v) { get->set_name(v); })
      ->required();
  command->callback([&context, get] { Get(context, *get); });

  auto update = std::make_shared<UpdateDomainRequest>();
  command = domain->add_subcommand("update", "change a domain");
  command
      ->add_option_function<std::string>("NAME",
                                         [update](const std::string& v) { update->set_name(v); })
      ->required();
  command->add_option_function<std::string>(
      "--catch-all", [update](const std::string& v) { update->set_catch_all(v); },
      "address, or an empty text for none");
  AddSwitch(
      command, "--enabled", [update](bool v) { update->set_enabled(v); },
      "while false, no mail is taken for it and nobody in it logs in");
  command->add_option_function<std::string>(
      "--tenant", [update](const std::string& v) { update->set_tenant(v); },
      "give it to this tenant, with its other names and all in them");
  command->callback([&context, update] {
    if (!update->has_catch_all() && !update->has_enabled() && !update->has_tenant())
      return context.Fail("say what to change: --catch-all, --enabled or --tenant", kUsage);
    if (!context.Connect(Acting::kAnyone)) return;
    auto changed = AskAs(context, &DirectoryService::UpdateDomain, *update);
    if (!changed.ok()) return context.Fail(changed.status());
    PrintDomain(context, changed->domain());
  });

  auto remove = std::make_shared<DeleteDomainRequest>();
  command = domain->add_subcommand(
      "delete", "remove a domain without accounts; its aliases and groups go with it");
  command
      ->add_option_function<std::string>("NAME",
                                         [remove](const std::string& v) { remove->set_name(v); })
      ->required();
  command->callback([&context, remove] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto gone = AskAs(context, &DirectoryService::DeleteDomain, *remove);
    if (!gone.ok()) return context.Fail(gone.status());
    context.PrintDeleted(remove->name());
  });
}

}  // namespace pennypost::cli
