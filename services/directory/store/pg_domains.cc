// Tenants and domains.

#include "directory_sql.h"
#include "services/directory/store/limits.h"
#include "services/directory/store/pg_rows.h"
#include "services/directory/store/pg_store.h"

namespace pennypost::directory {
namespace {

TenantRow ToTenant(const pg::Result& r, int row) {
  return {r.Int(row, 0), r.Text(row, 1), r.Bool(row, 2), r.Int(row, 3), r.Int(row, 4),
          r.Int(row, 5), r.Time(row, 6), r.Int(row, 7),  r.Int(row, 8)};
}

DomainRow ToDomain(const pg::Result& r, int row) {
  DomainRow domain;
  domain.id = r.Int(row, 0);
  domain.name = r.Text(row, 1);
  domain.alias_of = r.Text(row, 2);
  domain.catch_all = r.Text(row, 3);
  domain.enabled = r.Bool(row, 4);
  domain.created_at = r.Time(row, 5);
  domain.tenant_id = r.Int(row, 6);
  domain.tenant = r.Text(row, 7);
  domain.tenant_enabled = r.Bool(row, 8);
  return domain;
}

KeyRow ToKey(const pg::Result& r, int row) {
  return {r.Text(row, 0), r.Text(row, 1), r.Text(row, 2), r.Text(row, 3)};
}

pg::Params TenantParams(const TenantRow& tenant) {
  pg::Params params;
  params.Text(tenant.name).Bool(tenant.enabled).Int(tenant.max_domains).Int(tenant.max_accounts);
  params.Int(tenant.default_quota_bytes);
  return params;
}

absl::Status InsertKey(pg::Connection& connection, int64_t domain_id, const KeyRow& key) {
  pg::Params params;
  params.Int(domain_id).Text(key.selector).Text(key.algorithm).Text(key.private_key_pem);
  params.Text(key.public_record);
  return connection.Run(sql::kInsertDomainKey, params).status();
}

}  // namespace

absl::Status CheckTenantRoom(pg::Connection& connection, int64_t tenant_id, int64_t more_domains,
                             int64_t more_accounts) {
  pg::Params id;
  id.Int(tenant_id);
  ASSIGN_OR_RETURN(pg::Result tenant, connection.Run(sql::kLockTenant, id));
  if (tenant.empty()) return NotFoundError("no such tenant");
  ASSIGN_OR_RETURN(pg::Result domains, connection.Run(sql::kCountTenantDomains, id));
  RETURN_IF_ERROR(
      CheckLimit(tenant.Text(0, 0), "domains", domains.Int(0, 0), more_domains, tenant.Int(0, 1)));
  ASSIGN_OR_RETURN(pg::Result accounts, connection.Run(sql::kCountTenantAccounts, id));
  return CheckLimit(tenant.Text(0, 0), "accounts", accounts.Int(0, 0), more_accounts,
                    tenant.Int(0, 2));
}

absl::StatusOr<std::optional<TenantRow>> PgStore::FindTenant(const std::string& name) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindTenant, pg::Params().Text(name)));
  return First(result, &ToTenant);
}

absl::StatusOr<std::vector<TenantRow>> PgStore::ListTenants(int64_t only, const std::string& after,
                                                            int limit) {
  ASSIGN_OR_RETURN(pg::Result result,
                   pool_.Run(sql::kListTenants, pg::Params().Int(only).Text(after).Int(limit)));
  return All(result, &ToTenant);
}

absl::Status PgStore::InsertTenant(TenantRow& tenant, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(pg::Result result, connection.Run(sql::kInsertTenant, TenantParams(tenant)));
    tenant.id = result.Int(0, 0);
    tenant.created_at = result.Time(0, 1);
    return absl::OkStatus();
  });
}

absl::Status PgStore::UpdateTenant(const TenantRow& tenant, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) {
    return NotFoundIfNone(connection.Run(sql::kUpdateTenant, TenantParams(tenant)), "tenant");
  });
}

absl::Status PgStore::DeleteTenant(const std::string& name, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    pg::Params params;
    params.Text(name);
    ASSIGN_OR_RETURN(pg::Result deleted, connection.Run(sql::kDeleteTenant, params));
    if (deleted.affected() > 0) return absl::OkStatus();
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kFindTenant, params));
    return found.empty() ? NotFoundError("no such tenant") : StillNeeded(kTenantHasDomains);
  });
}

absl::StatusOr<std::optional<DomainRow>> PgStore::FindDomain(const std::string& name) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindDomain, pg::Params().Text(name)));
  return First(result, &ToDomain);
}

absl::StatusOr<std::vector<KeyRow>> PgStore::ListKeys(int64_t domain_id) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kListDomainKeys, pg::Params().Int(domain_id)));
  return All(result, &ToKey);
}

absl::StatusOr<std::vector<DomainRow>> PgStore::ListDomains(const Scope& scope,
                                                            const std::string& after, int limit) {
  ASSIGN_OR_RETURN(pg::Result result,
                   pool_.Run(sql::kListDomains, PageParams(scope, after, limit)));
  return All(result, &ToDomain);
}

absl::Status PgStore::InsertDomain(DomainRow& domain, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(CheckTenantRoom(connection, domain.tenant_id, 1, 0));
    pg::Params params;
    params.Text(domain.name).Text(domain.alias_of).Text(domain.catch_all).Int(domain.tenant_id);
    ASSIGN_OR_RETURN(pg::Result result, connection.Run(sql::kInsertDomain, params));
    domain.id = result.Int(0, 0);
    domain.created_at = result.Time(0, 1);
    for (const KeyRow& key : domain.keys) {
      RETURN_IF_ERROR(InsertKey(connection, domain.id, key));
    }
    return absl::OkStatus();
  });
}

absl::Status PgStore::UpdateDomain(const DomainRow& domain, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) {
    pg::Params params;
    params.Text(domain.name).Text(domain.catch_all).Bool(domain.enabled);
    return NotFoundIfNone(connection.Run(sql::kUpdateDomain, params), "domain");
  });
}

absl::Status PgStore::MoveDomain(const std::string& name, int64_t tenant_id,
                                 const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(pg::Result size, connection.Run(sql::kMeasureDomain, pg::Params().Text(name)));
    if (size.Int(0, 0) == 0) return NotFoundError("no such domain");
    RETURN_IF_ERROR(CheckTenantRoom(connection, tenant_id, size.Int(0, 0), size.Int(0, 1)));
    pg::Params params;
    params.Text(name).Int(tenant_id);
    return connection.Run(sql::kMoveDomain, params).status();
  });
}

absl::Status PgStore::DeleteDomain(const std::string& name, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    pg::Params params;
    params.Text(name);
    ASSIGN_OR_RETURN(pg::Result deleted, connection.Run(sql::kDeleteDomain, params));
    if (deleted.affected() > 0) return absl::OkStatus();
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kFindDomain, params));
    return found.empty() ? NotFoundError("no such domain") : StillNeeded(kDomainHasAccounts);
  });
}

}  // namespace pennypost::directory
