// pennypost tenant: create, list, get, update, delete.

#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {

using namespace directory::v1;  // NOLINT: requests and responses of one service

const Row kHead = {"TENANT", "ENABLED", "DOMAINS", "ACCOUNTS", "DEFAULT QUOTA", "CREATED"};

// "2 of 5", "2".
std::string Used(int64_t have, int64_t most) {
  return most == 0 ? std::to_string(have) : fmt::format("{} of {}", have, most);
}

Row ToRow(const Tenant& tenant) {
  return {tenant.name(),
          tenant.enabled() ? "yes" : "no",
          Used(tenant.domains(), tenant.max_domains()),
          Used(tenant.accounts(), tenant.max_accounts()),
          FormatMib(tenant.default_quota_bytes(), "platform's"),
          FormatTime(tenant.created_at())};
}

void Print(Context& context, const Tenant& tenant) {
  if (context.json()) return PrintJson(tenant);
  PrintTable(kHead, {ToRow(tenant)});
}

void List(Context& context) {
  if (!context.Connect(Acting::kAnyone)) return;
  auto all = AskForAll(context, &DirectoryService::ListTenants, ListTenantsRequest());
  if (!all.ok()) return context.Fail(all.status());
  if (context.json()) return PrintJson(*all);
  std::vector<Row> rows;
  for (const Tenant& tenant : all->tenants()) rows.push_back(ToRow(tenant));
  PrintTable(kHead, rows);
}

template <class Request>
void AddLimits(CLI::App* command, const std::shared_ptr<Request>& request) {
  auto count = CLI::Range(int64_t{0}, int64_t{1'000'000'000});
  command
      ->add_option_function<int64_t>(
          "--max-domains", [request](const int64_t& v) { request->set_max_domains(v); },
          "how many domains it may have; 0 for no limit")
      ->check(count);
  command
      ->add_option_function<int64_t>(
          "--max-accounts", [request](const int64_t& v) { request->set_max_accounts(v); },
          "how many accounts it may have; 0 for no limit")
      ->check(count);
  command
      ->add_option_function<int64_t>(
          "--default-quota-mib",
          [request](const int64_t& v) { request->set_default_quota_bytes(v << 20); },
          "quota of accounts without one of their own; 0 for the platform's default")
      ->check(CLI::Range(int64_t{0}, kMaxMib));
}

template <class Request>
CLI::Option* AddName(CLI::App* command, const std::shared_ptr<Request>& request) {
  return command
      ->add_option_function<std::string>("NAME",
                                         [request](const std::string& v) { request->set_name(v); })
      ->required();
}

}  // namespace

void AddTenantCommands(CLI::App& app, Context& context) {
  auto* tenant = app.add_subcommand("tenant", "customers: each owns domains and all in them");
  tenant->require_subcommand(1);

  auto create = std::make_shared<CreateTenantRequest>();
  auto* command = tenant->add_subcommand("create", "add a tenant");
  AddName(command, create)->description("lower-case letters, digits, -, _ and ., 63 at most");
  AddLimits(command, create);
  command->callback([&context, create] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto made = AskAs(context, &DirectoryService::CreateTenant, *create);
    if (!made.ok()) return context.Fail(made.status());
    Print(context, made->tenant());
    if (!context.json())
      printf("\nNext: pennypost domain create DOMAIN --tenant %s\n", create->name().c_str());
  });

  tenant->add_subcommand("list", "all tenants")->callback([&context] { List(context); });

  auto get = std::make_shared<ListTenantsRequest>();
  command = tenant->add_subcommand("get", "one tenant");
  AddName(command, get);
  command->callback([&context, get] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto found = AskAs(context, &DirectoryService::ListTenants, *get);
    if (!found.ok()) return context.Fail(found.status());
    Print(context, found->tenants(0));
  });

  auto update = std::make_shared<UpdateTenantRequest>();
  command = tenant->add_subcommand("update", "change a tenant");
  AddName(command, update);
  AddSwitch(
      command, "--enabled", [update](bool v) { update->set_enabled(v); },
      "while false, its users cannot log in and mail for it is deferred");
  AddLimits(command, update);
  command->callback([&context, update] {
    if (!update->has_enabled() && !update->has_max_domains() && !update->has_max_accounts() &&
        !update->has_default_quota_bytes()) {
      return context.Fail(
          "say what to change: --enabled, --max-domains, --max-accounts or --default-quota-mib",
          kUsage);
    }
    if (!context.Connect(Acting::kAnyone)) return;
    auto changed = AskAs(context, &DirectoryService::UpdateTenant, *update);
    if (!changed.ok()) return context.Fail(changed.status());
    Print(context, changed->tenant());
  });

  auto remove = std::make_shared<DeleteTenantRequest>();
  command = tenant->add_subcommand("delete", "remove a tenant without domains");
  AddName(command, remove);
  command->callback([&context, remove] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto gone = AskAs(context, &DirectoryService::DeleteTenant, *remove);
    if (!gone.ok()) return context.Fail(gone.status());
    context.PrintDeleted(remove->name());
  });
}

}  // namespace pennypost::cli
