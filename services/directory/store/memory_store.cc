#include "services/directory/store/memory_store.h"

#include <absl/time/clock.h>

#include "services/directory/store/limits.h"
#include "services/directory/store/memory_rows.h"

namespace pennypost::directory {

MemoryStore::MemoryStore() {
  TenantRow first;
  first.id = kFirstTenant;
  first.name = "default";
  tenants_[first.name] = first;
}

absl::Status MemoryStore::Done(const AuditRow& audit) {
  audit_.push_back(audit);
  audit_.back().id = static_cast<int64_t>(audit_.size());
  audit_.back().at = absl::Now();
  return absl::OkStatus();
}

absl::Status MemoryStore::CheckFree(const std::string& address) const {
  if (accounts_.contains(address)) return AddressTaken("account", address);
  if (aliases_.contains(address)) return AddressTaken("alias", address);
  if (groups_.contains(address)) return AddressTaken("group", address);
  return absl::OkStatus();
}

TenantRow* MemoryStore::Tenant(int64_t id) {
  for (auto& [name, tenant] : tenants_) {
    if (tenant.id == id) return &tenant;
  }
  return nullptr;
}

TenantRow MemoryStore::Filled(TenantRow tenant) const {
  tenant.domains = tenant.accounts = 0;
  for (const auto& [name, domain] : domains_) {
    if (domain.tenant_id != tenant.id) continue;
    ++tenant.domains;
    for (const auto& [address, account] : accounts_)
      tenant.accounts += DomainOfAddress(address) == name ? 1 : 0;
  }
  return tenant;
}

DomainRow MemoryStore::Filled(DomainRow domain) {
  if (const TenantRow* tenant = Tenant(domain.tenant_id)) {
    domain.tenant = tenant->name;
    domain.tenant_enabled = tenant->enabled;
  }
  domain.keys.clear();
  return domain;
}

AccountRow MemoryStore::Filled(AccountRow account) {
  const DomainRow& domain = domains_[DomainOfAddress(account.address)];
  const TenantRow* tenant = Tenant(domain.tenant_id);
  account.tenant_id = domain.tenant_id;
  account.domain_enabled = domain.enabled && tenant->enabled;
  account.tenant_quota_bytes = tenant->default_quota_bytes;
  return account;
}

absl::Status MemoryStore::CheckRoom(int64_t tenant_id, int64_t more_domains,
                                    int64_t more_accounts) const {
  for (const auto& [name, row] : tenants_) {
    if (row.id != tenant_id) continue;
    TenantRow tenant = Filled(row);
    RETURN_IF_ERROR(CheckLimit(name, "domains", tenant.domains, more_domains, tenant.max_domains));
    return CheckLimit(name, "accounts", tenant.accounts, more_accounts, tenant.max_accounts);
  }
  return NotFoundError("no such tenant");
}

bool MemoryStore::InScope(const std::string& domain, const Scope& scope) const {
  if (!scope.domain.empty() && scope.domain != domain) return false;
  auto it = domains_.find(domain);
  return scope.tenant_id == 0 || (it != domains_.end() && it->second.tenant_id == scope.tenant_id);
}

absl::StatusOr<std::optional<TenantRow>> MemoryStore::FindTenant(const std::string& name) {
  PP_LOCK_OR_RETURN();
  auto found = FindRow(tenants_, name);
  if (found) found = Filled(*found);
  return found;
}

absl::StatusOr<std::vector<TenantRow>> MemoryStore::ListTenants(int64_t only,
                                                                const std::string& after,
                                                                int limit) {
  PP_LOCK_OR_RETURN();
  auto page = Page(tenants_, after, limit,
                   [&](const TenantRow& row) { return only == 0 || row.id == only; });
  for (TenantRow& row : page) row = Filled(row);
  return page;
}

absl::Status MemoryStore::InsertTenant(TenantRow& tenant, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  if (tenants_.contains(tenant.name)) return ExistsError("it exists already");
  tenant.id = next_id_++;
  tenant.created_at = absl::Now();
  tenants_[tenant.name] = tenant;
  return Done(audit);
}

absl::Status MemoryStore::UpdateTenant(const TenantRow& tenant, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  auto it = tenants_.find(tenant.name);
  if (it == tenants_.end()) return NotFoundError("no such tenant");
  it->second = tenant;
  return Done(audit);
}

absl::Status MemoryStore::DeleteTenant(const std::string& name, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  auto it = tenants_.find(name);
  if (it == tenants_.end()) return NotFoundError("no such tenant");
  if (Filled(it->second).domains > 0) return StillNeeded(kTenantHasDomains);
  tenants_.erase(it);
  return Done(audit);
}

absl::StatusOr<std::optional<DomainRow>> MemoryStore::FindDomain(const std::string& name) {
  PP_LOCK_OR_RETURN();
  auto found = FindRow(domains_, name);
  if (found) found = Filled(*found);
  return found;
}

absl::StatusOr<std::vector<KeyRow>> MemoryStore::ListKeys(int64_t domain_id) {
  PP_LOCK_OR_RETURN();
  for (const auto& [name, domain] : domains_) {
    if (domain.id == domain_id) return domain.keys;
  }
  return std::vector<KeyRow>();
}

absl::StatusOr<std::vector<DomainRow>> MemoryStore::ListDomains(const Scope& scope,
                                                                const std::string& after,
                                                                int limit) {
  PP_LOCK_OR_RETURN();
  auto page =
      Page(domains_, after, limit, [&](const DomainRow& row) { return InScope(row.name, scope); });
  for (DomainRow& row : page) row = Filled(row);
  return page;
}

absl::Status MemoryStore::InsertDomain(DomainRow& domain, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  RETURN_IF_ERROR(CheckRoom(domain.tenant_id, 1, 0));
  if (domains_.contains(domain.name)) return ExistsError("it exists already");
  domain.id = next_id_++;
  domain.created_at = absl::Now();
  domains_[domain.name] = domain;
  return Done(audit);
}

absl::Status MemoryStore::UpdateDomain(const DomainRow& domain, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  auto it = domains_.find(domain.name);
  if (it == domains_.end()) return NotFoundError("no such domain");
  it->second.catch_all = domain.catch_all;
  it->second.enabled = domain.enabled;
  return Done(audit);
}

absl::Status MemoryStore::MoveDomain(const std::string& name, int64_t tenant_id,
                                     const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  if (!domains_.contains(name)) return NotFoundError("no such domain");
  int64_t domains = 0, accounts = 0;
  for (const auto& [other, row] : domains_)
    domains += other == name || row.alias_of == name ? 1 : 0;
  for (const auto& [address, row] : accounts_) accounts += DomainOfAddress(address) == name ? 1 : 0;
  RETURN_IF_ERROR(CheckRoom(tenant_id, domains, accounts));
  for (auto& [other, row] : domains_) {
    if (other == name || row.alias_of == name) row.tenant_id = tenant_id;
  }
  return Done(audit);
}

absl::Status MemoryStore::DeleteDomain(const std::string& name, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  if (!domains_.contains(name)) return NotFoundError("no such domain");
  bool used = false;
  for (const auto& [address, account] : accounts_) used = used || DomainOfAddress(address) == name;
  for (const auto& [other, domain] : domains_) used = used || domain.alias_of == name;
  if (used) return StillNeeded(kDomainHasAccounts);
  domains_.erase(name);
  auto inside = [&](const auto& entry) { return DomainOfAddress(entry.first) == name; };
  std::erase_if(aliases_, inside);
  std::erase_if(groups_, inside);
  return Done(audit);
}

absl::StatusOr<std::vector<AuditRow>> MemoryStore::ListAudit(const AuditFilter& filter,
                                                             int64_t before, int limit) {
  PP_LOCK_OR_RETURN();
  std::vector<AuditRow> rows;
  for (auto it = audit_.rbegin(); it != audit_.rend() && static_cast<int>(rows.size()) < limit;
       ++it) {
    bool wanted = (filter.tenant_id == 0 || it->tenant_id == filter.tenant_id) &&
                  (filter.actor.empty() || it->actor == filter.actor) &&
                  (filter.object.empty() || it->object == filter.object) &&
                  (before == 0 || it->id < before);
    if (wanted) rows.push_back(*it);
  }
  return rows;
}

absl::StatusOr<std::string> MemoryStore::Secret(const std::string& name) {
  PP_LOCK_OR_RETURN();
  return "secret of this test: " + name;
}

}  // namespace pennypost::directory
