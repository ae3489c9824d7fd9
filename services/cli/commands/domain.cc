// pennypost domain: create, list, get, update, delete.

#include "services/cli/context.h"

namespace pennypost::cli {
namespace {

using namespace directory::v1;  // NOLINT: requests and responses of one service

Row ToRow(const Domain& domain) {
  return {domain.name(), domain.enabled() ? "yes" : "no",
          domain.alias_of().empty() ? "-" : domain.alias_of(),
          domain.catch_all().empty() ? "-" : domain.catch_all(), FormatTime(domain.created_at())};
}

void PrintDomain(Context& context, const Domain& domain) {
  if (context.json()) return PrintJson(domain);
  PrintTable({"DOMAIN", "ENABLED", "ALIAS OF", "CATCH-ALL", "CREATED"}, {ToRow(domain)});
}

void List(Context& context) {
  ListDomainsRequest request;
  ListDomainsResponse all;
  do {
    auto page = Ask(context.clients.directory, &DirectoryService::ListDomains, request);
    if (!page.ok()) return context.Fail(page.status());
    all.mutable_domains()->MergeFrom(page->domains());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (context.json()) return PrintJson(all);
  std::vector<Row> rows;
  for (const Domain& domain : all.domains()) rows.push_back(ToRow(domain));
  PrintTable({"DOMAIN", "ENABLED", "ALIAS OF", "CATCH-ALL", "CREATED"}, rows);
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
  command->callback([&context, create] {
    if (!context.Connect()) return;
    auto made = Ask(context.clients.directory, &DirectoryService::CreateDomain, *create);
    if (!made.ok()) return context.Fail(made.status());
    PrintDomain(context, made->domain());
    if (!context.json())
      printf("\nNext: pennypost dns records %s\n", made->domain().name().c_str());
  });

  domain->add_subcommand("list", "all domains")->callback([&context] {
    if (context.Connect()) List(context);
  });

  auto get = std::make_shared<ListDomainsRequest>();
  command = domain->add_subcommand("get", "one domain with its public keys");
  command
      ->add_option_function<std::string>("NAME", [get](const std::string& v) { get->set_name(v); })
      ->required();
  command->callback([&context, get] {
    if (!context.Connect()) return;
    auto found = Ask(context.clients.directory, &DirectoryService::ListDomains, *get);
    if (!found.ok()) return context.Fail(found.status());
    PrintDomain(context, found->domains(0));
    if (context.json()) return;
    std::vector<Row> rows;
    for (const PublicKey& key : found->domains(0).keys())
      rows.push_back({key.selector(), key.algorithm()});
    printf("\n");
    PrintTable({"DKIM SELECTOR", "ALGORITHM"}, rows);
  });

  auto update = std::make_shared<UpdateDomainRequest>();
  command = domain->add_subcommand("update", "change a domain");
  command
      ->add_option_function<std::string>("NAME",
                                         [update](const std::string& v) { update->set_name(v); })
      ->required();
  command->add_option_function<std::string>(
      "--catch-all", [update](const std::string& v) { update->set_catch_all(v); },
      "address, or an empty text for none");
  command->add_option_function<bool>(
      "--enabled", [update](const bool& v) { update->set_enabled(v); }, "true or false");
  command->callback([&context, update] {
    if (!context.Connect()) return;
    auto changed = Ask(context.clients.directory, &DirectoryService::UpdateDomain, *update);
    if (!changed.ok()) return context.Fail(changed.status());
    PrintDomain(context, changed->domain());
  });

  auto remove = std::make_shared<DeleteDomainRequest>();
  command = domain->add_subcommand("delete", "remove a domain without accounts");
  command
      ->add_option_function<std::string>("NAME",
                                         [remove](const std::string& v) { remove->set_name(v); })
      ->required();
  command->callback([&context, remove] {
    if (!context.Connect()) return;
    auto gone = Ask(context.clients.directory, &DirectoryService::DeleteDomain, *remove);
    if (!gone.ok()) return context.Fail(gone.status());
    if (!context.json()) printf("deleted %s\n", remove->name().c_str());
  });
}

}  // namespace pennypost::cli
