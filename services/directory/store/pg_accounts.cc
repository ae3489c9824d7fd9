// Accounts and app passwords.

#include "directory_sql.h"
#include "services/directory/store/pg_rows.h"
#include "services/directory/store/pg_store.h"

namespace pennypost::directory {
namespace {

AccountRow ToAccount(const pg::Result& r, int row) {
  AccountRow account;
  account.id = r.Int(row, 0);
  account.address = r.Text(row, 1);
  account.display_name = r.Text(row, 2);
  account.quota_bytes = r.Int(row, 3);
  account.enabled = r.Bool(row, 4);
  account.role = r.Text(row, 5);
  account.created_at = r.Time(row, 6);
  account.credentials = {r.Text(row, 7), r.Text(row, 8), static_cast<int>(r.Int(row, 9)),
                         r.Text(row, 10), r.Text(row, 11)};
  account.tenant_id = r.Int(row, 12);
  account.domain_enabled = r.Bool(row, 13);
  account.tenant_quota_bytes = r.Int(row, 14);
  return account;
}

AppPasswordRow ToAppPassword(const pg::Result& r, int row) {
  return {r.Int(row, 0),   r.Text(row, 1), r.Text(row, 2),
          r.Texts(row, 3), r.Time(row, 4), r.Time(row, 5)};
}

pg::Params InsertParams(const std::string& domain, const AccountRow& account) {
  const Credentials& c = account.credentials;
  pg::Params params;
  params.Text(domain).Text(account.address).Text(account.display_name).Int(account.quota_bytes);
  params.Bool(account.enabled).Text(account.role).Text(c.password_hash).Bytes(c.scram_salt);
  params.Int(c.scram_iterations).Bytes(c.scram_stored_key).Bytes(c.scram_server_key);
  return params;
}

pg::Params UpdateParams(const AccountRow& account, bool credentials_too) {
  const Credentials& c = account.credentials;
  pg::Params params;
  params.Int(account.id).Text(account.display_name).Int(account.quota_bytes).Bool(account.enabled);
  params.Text(account.role).Bool(credentials_too).Text(c.password_hash).Bytes(c.scram_salt);
  params.Int(c.scram_iterations).Bytes(c.scram_stored_key).Bytes(c.scram_server_key);
  return params;
}

}  // namespace

absl::StatusOr<std::optional<AccountRow>> PgStore::FindAccount(const std::string& address) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindAccount, pg::Params().Text(address)));
  return First(result, &ToAccount);
}

absl::StatusOr<std::optional<AccountRow>> PgStore::FindAccountById(int64_t id) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindAccountById, pg::Params().Int(id)));
  return First(result, &ToAccount);
}

absl::StatusOr<std::vector<AccountRow>> PgStore::ListAccounts(const Scope& scope,
                                                              const std::string& after, int limit) {
  ASSIGN_OR_RETURN(pg::Result result,
                   pool_.Run(sql::kListAccounts, PageParams(scope, after, limit)));
  return All(result, &ToAccount);
}

absl::Status PgStore::InsertAccount(const std::string& domain, AccountRow& account,
                                    const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(ClaimAddress(connection, account.address));
    ASSIGN_OR_RETURN(pg::Result tenant,
                     connection.Run(sql::kTenantOfDomain, pg::Params().Text(domain)));
    if (tenant.empty()) return NotFoundError("no such domain");
    RETURN_IF_ERROR(CheckTenantRoom(connection, tenant.Int(0, 0), 0, 1));
    ASSIGN_OR_RETURN(pg::Result result,
                     connection.Run(sql::kInsertAccount, InsertParams(domain, account)));
    if (result.empty()) return NotFoundError("no such domain");
    account.id = result.Int(0, 0);
    account.created_at = result.Time(0, 1);
    return absl::OkStatus();
  });
}

absl::Status PgStore::UpdateAccount(const AccountRow& account, bool credentials_too,
                                    const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) {
    return NotFoundIfNone(
        connection.Run(sql::kUpdateAccount, UpdateParams(account, credentials_too)), "account");
  });
}

absl::Status PgStore::DeleteAccount(const std::string& address, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    pg::Params params;
    params.Text(address);
    RETURN_IF_ERROR(connection.Run(sql::kRemoveMemberships, params).status());
    return NotFoundIfNone(connection.Run(sql::kDeleteAccount, params), "account");
  });
}

absl::Status PgStore::InsertAppPassword(int64_t account_id, AppPasswordRow& row,
                                        const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    pg::Params params;
    params.Int(account_id).Text(row.label).Bytes(row.hash).Texts(row.protocols);
    ASSIGN_OR_RETURN(pg::Result result, connection.Run(sql::kInsertAppPassword, params));
    row.id = result.Int(0, 0);
    row.created_at = result.Time(0, 1);
    row.last_used_at = absl::InfinitePast();
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<AppPasswordRow>> PgStore::ListAppPasswords(int64_t account_id) {
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kListAppPasswords, pg::Params().Int(account_id)));
  return All(r, &ToAppPassword);
}

absl::Status PgStore::TouchAppPassword(int64_t id, absl::Time used_at) {
  return pool_.Run(sql::kTouchAppPassword, pg::Params().Int(id).Time(used_at)).status();
}

absl::Status PgStore::DeleteAppPassword(int64_t account_id, int64_t id, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) {
    return NotFoundIfNone(
        connection.Run(sql::kDeleteAppPassword, pg::Params().Int(account_id).Int(id)),
        "app password");
  });
}

}  // namespace pennypost::directory
