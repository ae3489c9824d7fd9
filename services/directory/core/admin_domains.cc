// Tenants and domains.

#include "base/text.h"
#include "mailauth/dkim_key.h"
#include "services/directory/core/admin.h"
#include "services/directory/core/admin_words.h"

namespace pennypost::directory {
namespace {

absl::Status CheckTenantName(const std::string& name) {
  constexpr size_t kMaxName = 63;
  bool good = !name.empty() && name.size() <= kMaxName && (IsAlpha(name[0]) || IsDigit(name[0]));
  for (char c : name) {
    bool sign = c == '-' || c == '_' || c == '.';
    good = good && ((IsAlpha(c) && AsciiLower(c) == c) || IsDigit(c) || sign);
  }
  if (good) return absl::OkStatus();
  return SyntaxError(
      fmt::format("'{}' is no name of a tenant: up to {} lower-case letters, digits, -, _ and ., "
                  "a letter or digit first",
                  name, kMaxName));
}

absl::Status Apply(const TenantChange& change, TenantRow& tenant) {
  tenant.enabled = change.enabled.value_or(tenant.enabled);
  tenant.max_domains = change.max_domains.value_or(tenant.max_domains);
  tenant.max_accounts = change.max_accounts.value_or(tenant.max_accounts);
  tenant.default_quota_bytes = change.default_quota_bytes.value_or(tenant.default_quota_bytes);
  RETURN_IF_ERROR(CheckNotNegative("a limit", tenant.max_domains));
  RETURN_IF_ERROR(CheckNotNegative("a limit", tenant.max_accounts));
  return CheckNotNegative("a quota", tenant.default_quota_bytes);
}

std::string Difference(const TenantRow& a, const TenantRow& b) {
  return Listed({Changed("enabled", a.enabled, b.enabled),
                 Changed("max_domains", a.max_domains, b.max_domains),
                 Changed("max_accounts", a.max_accounts, b.max_accounts),
                 Changed("default_quota_bytes", a.default_quota_bytes, b.default_quota_bytes)});
}

absl::StatusOr<KeyRow> NewKey(mailauth::DkimAlgorithm algorithm, std::string name,
                              std::string selector) {
  ASSIGN_OR_RETURN(auto key, mailauth::DkimPrivateKey::Generate(algorithm));
  return KeyRow{std::move(selector), std::move(name), key.ToPem(), key.PublicRecord()};
}

}  // namespace

absl::StatusOr<TenantRow> Admin::FindTenant(const Principal& who, Action action,
                                            const std::string& name) {
  ASSIGN_OR_RETURN(auto tenant, store_.FindTenant(name));
  Object object;
  if (tenant) object.tenant_id = tenant->id;
  if (!tenant || !MaySee(who, object)) return NoSuch("tenant", name);
  RETURN_IF_ERROR(Authorize(who, action, object));
  return *tenant;
}

absl::StatusOr<TenantRow> Admin::CreateTenant(const Principal& who, const std::string& name,
                                              const TenantChange& rest) {
  RETURN_IF_ERROR(Authorize(who, Action::kManageTenant, {}));
  RETURN_IF_ERROR(CheckTenantName(name));
  TenantRow tenant;
  tenant.name = name;
  RETURN_IF_ERROR(Apply(rest, tenant));
  ASSIGN_OR_RETURN(auto existing, store_.FindTenant(name));
  if (existing) return ExistsError(fmt::format("the tenant {} exists already", name));
  RETURN_IF_ERROR(store_.InsertTenant(
      tenant, Entry(who, "tenant.create", name, 0, Difference(TenantRow(), tenant))));
  return tenant;
}

absl::StatusOr<TenantRow> Admin::GetTenant(const Principal& who, const std::string& name) {
  return FindTenant(who, Action::kReadTenant, name);
}

absl::StatusOr<std::vector<TenantRow>> Admin::ListTenants(const Principal& who,
                                                          const Wanted& wanted) {
  ASSIGN_OR_RETURN(Scope scope, ListScope(who, Action::kReadTenant, wanted));
  return store_.ListTenants(scope.tenant_id, wanted.after, wanted.limit);
}

absl::StatusOr<TenantRow> Admin::UpdateTenant(const Principal& who, const std::string& name,
                                              const TenantChange& change) {
  ASSIGN_OR_RETURN(TenantRow tenant, FindTenant(who, Action::kManageTenant, name));
  TenantRow before = tenant;
  RETURN_IF_ERROR(Apply(change, tenant));
  RETURN_IF_ERROR(store_.UpdateTenant(
      tenant, Entry(who, "tenant.update", name, tenant.id, Difference(before, tenant))));
  return tenant;
}

absl::Status Admin::DeleteTenant(const Principal& who, const std::string& name) {
  ASSIGN_OR_RETURN(TenantRow tenant, FindTenant(who, Action::kManageTenant, name));
  if (tenant.id == kFirstTenant) {
    return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kHasChildren,
                     fmt::format("{} is the tenant of domains that name none: it stays", name));
  }
  return store_.DeleteTenant(name, Entry(who, "tenant.delete", name, tenant.id));
}

absl::StatusOr<TenantRow> Admin::TenantForDomain(const Principal& who, const NewDomain& wanted) {
  if (!wanted.tenant.empty()) return FindTenant(who, Action::kManageDomain, wanted.tenant);
  TenantRow tenant;
  tenant.id = who.is_platform ? kFirstTenant : who.tenant_id;
  RETURN_IF_ERROR(Authorize(who, Action::kManageDomain, {tenant.id, "", "", Role::kUser}));
  return tenant;
}

absl::StatusOr<DomainRow> Admin::CreateDomain(const Principal& who, const NewDomain& wanted) {
  DomainRow domain;
  ASSIGN_OR_RETURN(domain.name, CanonicalDomain(wanted.name));
  if (wanted.alias_of.empty()) {
    ASSIGN_OR_RETURN(TenantRow tenant, TenantForDomain(who, wanted));
    domain.tenant_id = tenant.id;
  } else {
    ASSIGN_OR_RETURN(DomainRow real, FindDomain(who, Action::kManageDomain, wanted.alias_of));
    if (!real.alias_of.empty())
      return SyntaxError(fmt::format("{} is itself another name of a domain", wanted.alias_of));
    // Another name belongs to whom the domain belongs to: its users may send under both.
    if (!wanted.tenant.empty() && wanted.tenant != real.tenant)
      return SyntaxError(fmt::format("{} belongs to another tenant", wanted.alias_of));
    domain.alias_of = real.name;
    domain.tenant_id = real.tenant_id;
  }
  if (!wanted.catch_all.empty()) {
    ASSIGN_OR_RETURN(domain.catch_all, CanonicalAddress(wanted.catch_all));
  }
  ASSIGN_OR_RETURN(auto existing, store_.FindDomain(domain.name));
  if (existing) return ExistsError(fmt::format("the domain {} exists already", domain.name));
  ASSIGN_OR_RETURN(KeyRow rsa, NewKey(mailauth::DkimAlgorithm::kRsaSha256, "rsa", "pp-rsa1"));
  ASSIGN_OR_RETURN(KeyRow ed25519,
                   NewKey(mailauth::DkimAlgorithm::kEd25519Sha256, "ed25519", "pp-ed1"));
  domain.keys = {std::move(ed25519), std::move(rsa)};
  std::string detail = Listed({domain.alias_of.empty() ? "" : "alias of " + domain.alias_of,
                               Changed("catch_all", std::string(), domain.catch_all)});
  RETURN_IF_ERROR(store_.InsertDomain(
      domain, Entry(who, "domain.create", domain.name, domain.tenant_id, std::move(detail))));
  return GetDomain(who, domain.name);
}

absl::StatusOr<DomainRow> Admin::GetDomain(const Principal& who, const std::string& name) {
  ASSIGN_OR_RETURN(DomainRow domain, FindDomain(who, Action::kReadDomain, name));
  ASSIGN_OR_RETURN(domain.keys, store_.ListKeys(domain.id));
  return domain;
}

absl::StatusOr<std::vector<DomainRow>> Admin::ListDomains(const Principal& who,
                                                          const Wanted& wanted) {
  ASSIGN_OR_RETURN(Scope scope, ListScope(who, Action::kReadDomain, wanted));
  return store_.ListDomains(scope, wanted.after, wanted.limit);
}

absl::StatusOr<DomainRow> Admin::UpdateDomain(const Principal& who, const std::string& name,
                                              const DomainChange& change) {
  Action action = change.enabled ? Action::kManageDomain : Action::kChangeDomain;
  ASSIGN_OR_RETURN(DomainRow domain, FindDomain(who, action, name));
  DomainRow before = domain;
  if (change.catch_all) {
    domain.catch_all.clear();
    if (!change.catch_all->empty()) {
      ASSIGN_OR_RETURN(domain.catch_all, CanonicalAddress(*change.catch_all));
    }
  }
  domain.enabled = change.enabled.value_or(domain.enabled);
  if (change.tenant) {
    RETURN_IF_ERROR(Authorize(who, Action::kManageTenant, {domain.tenant_id, "", "", Role::kUser}));
    ASSIGN_OR_RETURN(TenantRow tenant, FindTenant(who, Action::kManageTenant, *change.tenant));
    if (!domain.alias_of.empty())
      return SyntaxError(
          fmt::format("{} is another name of {}: move that one", domain.name, domain.alias_of));
    if (tenant.id != domain.tenant_id) {
      std::string detail = Changed("tenant", domain.tenant, tenant.name);
      RETURN_IF_ERROR(store_.MoveDomain(domain.name, tenant.id,
                                        Entry(who, "domain.move", domain.name, tenant.id, detail)));
    }
  }
  if (change.catch_all || change.enabled) {
    std::string detail = Listed({Changed("catch_all", before.catch_all, domain.catch_all),
                                 Changed("enabled", before.enabled, domain.enabled)});
    RETURN_IF_ERROR(store_.UpdateDomain(
        domain, Entry(who, "domain.update", domain.name, domain.tenant_id, std::move(detail))));
  }
  return GetDomain(who, domain.name);
}

absl::Status Admin::DeleteDomain(const Principal& who, const std::string& name) {
  ASSIGN_OR_RETURN(DomainRow domain, FindDomain(who, Action::kManageDomain, name));
  return store_.DeleteDomain(domain.name,
                             Entry(who, "domain.delete", domain.name, domain.tenant_id));
}

}  // namespace pennypost::directory
