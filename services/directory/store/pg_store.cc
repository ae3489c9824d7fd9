#include "services/directory/store/pg_store.h"

#include "directory_sql.h"

namespace pennypost::directory {
namespace {

DomainRow ToDomain(const pg::Result& r, int row) {
  DomainRow domain;
  domain.id = r.Int(row, 0);
  domain.name = r.Text(row, 1);
  domain.alias_of = r.Text(row, 2);
  domain.catch_all = r.Text(row, 3);
  domain.enabled = r.Bool(row, 4);
  domain.created_at = r.Time(row, 5);
  domain.tenant_id = r.Int(row, 6);
  return domain;
}

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
  return account;
}

AliasRow ToAlias(const pg::Result& r, int row) {
  return {r.Text(row, 0), r.Texts(row, 1), r.Bool(row, 2)};
}

template <class Row>
std::optional<Row> First(const pg::Result& result, Row (*convert)(const pg::Result&, int)) {
  if (result.empty()) return std::nullopt;
  return convert(result, 0);
}

template <class Row>
std::vector<Row> All(const pg::Result& result, Row (*convert)(const pg::Result&, int)) {
  std::vector<Row> rows;
  for (int row = 0; row < result.rows(); ++row) rows.push_back(convert(result, row));
  return rows;
}

absl::Status NotFoundIfNone(const absl::StatusOr<pg::Result>& result, std::string_view what) {
  if (!result.ok()) return result.status();
  return result->affected() > 0 ? absl::OkStatus() : NotFoundError(fmt::format("no such {}", what));
}

}  // namespace

absl::StatusOr<std::optional<DomainRow>> PgStore::FindDomain(const std::string& name) {
  std::optional<DomainRow> domain;
  absl::Status status = pool_.With([&](pg::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kFindDomain, pg::Params().Text(name)));
    domain = First(found, &ToDomain);
    if (!domain) return absl::OkStatus();
    ASSIGN_OR_RETURN(pg::Result keys,
                     connection.Run(sql::kListDomainKeys, pg::Params().Int(domain->id)));
    for (int row = 0; row < keys.rows(); ++row) {
      domain->keys.push_back(
          {keys.Text(row, 0), keys.Text(row, 1), keys.Text(row, 2), keys.Text(row, 3)});
    }
    return absl::OkStatus();
  });
  RETURN_IF_ERROR(status);
  return domain;
}

absl::StatusOr<std::vector<DomainRow>> PgStore::ListDomains(const std::string& after, int limit) {
  ASSIGN_OR_RETURN(pg::Result result,
                   pool_.Run(sql::kListDomains, pg::Params().Text(after).Int(limit)));
  return All(result, &ToDomain);
}

absl::Status PgStore::InsertDomain(DomainRow& domain) {
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    pg::Params params;
    params.Text(domain.name).Text(domain.alias_of).Text(domain.catch_all);
    ASSIGN_OR_RETURN(pg::Result result, connection.Run(sql::kInsertDomain, params));
    domain.id = result.Int(0, 0);
    domain.created_at = result.Time(0, 1);
    for (const KeyRow& key : domain.keys) {
      pg::Params row;
      row.Int(domain.id)
          .Text(key.selector)
          .Text(key.algorithm)
          .Text(key.private_key_pem)
          .Text(key.public_record);
      RETURN_IF_ERROR(connection.Run(sql::kInsertDomainKey, row).status());
    }
    return absl::OkStatus();
  });
}

absl::Status PgStore::UpdateDomain(const DomainRow& domain) {
  pg::Params params;
  params.Text(domain.name).Text(domain.catch_all).Bool(domain.enabled);
  return NotFoundIfNone(pool_.Run(sql::kUpdateDomain, params), "domain");
}

absl::Status PgStore::DeleteDomain(const std::string& name) {
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(pg::Result deleted,
                     connection.Run(sql::kDeleteDomain, pg::Params().Text(name)));
    if (deleted.affected() > 0) return absl::OkStatus();
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kFindDomain, pg::Params().Text(name)));
    if (found.empty()) return NotFoundError("no such domain");
    return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kHasChildren,
                     "the domain still has accounts or alias domains");
  });
}

absl::StatusOr<std::optional<AccountRow>> PgStore::FindAccount(const std::string& address) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindAccount, pg::Params().Text(address)));
  return First(result, &ToAccount);
}

absl::StatusOr<std::optional<AccountRow>> PgStore::FindAccountById(int64_t id) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindAccountById, pg::Params().Int(id)));
  return First(result, &ToAccount);
}

absl::StatusOr<std::vector<AccountRow>> PgStore::ListAccounts(const std::string& domain,
                                                              const std::string& after, int limit) {
  ASSIGN_OR_RETURN(pg::Result result,
                   pool_.Run(sql::kListAccounts, pg::Params().Text(domain).Text(after).Int(limit)));
  return All(result, &ToAccount);
}

absl::Status PgStore::InsertAccount(const std::string& domain, AccountRow& account) {
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(pg::Result alias,
                     connection.Run(sql::kFindAlias, pg::Params().Text(account.address)));
    if (!alias.empty()) return ExistsError("an alias has this address");
    const Credentials& c = account.credentials;
    pg::Params params;
    params.Text(domain)
        .Text(account.address)
        .Text(account.display_name)
        .Int(account.quota_bytes)
        .Bool(account.enabled);
    params.Text(account.role).Text(c.password_hash).Bytes(c.scram_salt).Int(c.scram_iterations);
    params.Bytes(c.scram_stored_key).Bytes(c.scram_server_key);
    ASSIGN_OR_RETURN(pg::Result result, connection.Run(sql::kInsertAccount, params));
    if (result.empty()) return NotFoundError("no such domain");
    account.id = result.Int(0, 0);
    account.created_at = result.Time(0, 1);
    return absl::OkStatus();
  });
}

absl::Status PgStore::UpdateAccount(const AccountRow& account, bool credentials_too) {
  const Credentials& c = account.credentials;
  pg::Params params;
  params.Int(account.id)
      .Text(account.display_name)
      .Int(account.quota_bytes)
      .Bool(account.enabled)
      .Text(account.role);
  params.Bool(credentials_too)
      .Text(c.password_hash)
      .Bytes(c.scram_salt)
      .Int(c.scram_iterations)
      .Bytes(c.scram_stored_key);
  params.Bytes(c.scram_server_key);
  return NotFoundIfNone(pool_.Run(sql::kUpdateAccount, params), "account");
}

absl::Status PgStore::DeleteAccount(const std::string& address) {
  return NotFoundIfNone(pool_.Run(sql::kDeleteAccount, pg::Params().Text(address)), "account");
}

absl::StatusOr<std::optional<AliasRow>> PgStore::FindAlias(const std::string& address) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindAlias, pg::Params().Text(address)));
  return First(result, &ToAlias);
}

absl::StatusOr<std::vector<AliasRow>> PgStore::ListAliases(const std::string& domain,
                                                           const std::string& after, int limit) {
  ASSIGN_OR_RETURN(pg::Result result,
                   pool_.Run(sql::kListAliases, pg::Params().Text(domain).Text(after).Int(limit)));
  return All(result, &ToAlias);
}

absl::Status PgStore::InsertAlias(const std::string& domain, const AliasRow& alias) {
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(pg::Result account,
                     connection.Run(sql::kFindAccount, pg::Params().Text(alias.address)));
    if (!account.empty()) return ExistsError("an account has this address");
    pg::Params params;
    params.Text(domain).Text(alias.address).Texts(alias.targets).Bool(alias.send_as);
    return NotFoundIfNone(connection.Run(sql::kInsertAlias, params), "domain");
  });
}

absl::Status PgStore::DeleteAlias(const std::string& address) {
  return NotFoundIfNone(pool_.Run(sql::kDeleteAlias, pg::Params().Text(address)), "alias");
}

absl::Status PgStore::InsertAppPassword(int64_t account_id, AppPasswordRow& row) {
  pg::Params params;
  params.Int(account_id).Text(row.label).Bytes(row.hash).Texts(row.protocols);
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kInsertAppPassword, params));
  row.id = result.Int(0, 0);
  row.created_at = result.Time(0, 1);
  row.last_used_at = absl::InfinitePast();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AppPasswordRow>> PgStore::ListAppPasswords(int64_t account_id) {
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kListAppPasswords, pg::Params().Int(account_id)));
  std::vector<AppPasswordRow> rows;
  for (int row = 0; row < r.rows(); ++row) {
    rows.push_back({r.Int(row, 0), r.Text(row, 1), r.Text(row, 2), r.Texts(row, 3), r.Time(row, 4),
                    r.Time(row, 5)});
  }
  return rows;
}

absl::Status PgStore::TouchAppPassword(int64_t id, absl::Time used_at) {
  return pool_.Run(sql::kTouchAppPassword, pg::Params().Int(id).Time(used_at)).status();
}

absl::Status PgStore::DeleteAppPassword(int64_t account_id, int64_t id) {
  return NotFoundIfNone(pool_.Run(sql::kDeleteAppPassword, pg::Params().Int(account_id).Int(id)),
                        "app password");
}

absl::StatusOr<int> PgStore::CountFailures(const std::string& login, const std::string& network,
                                           absl::Time since) {
  ASSIGN_OR_RETURN(
      pg::Result result,
      pool_.Run(sql::kCountFailures, pg::Params().Text(login).Text(network).Time(since)));
  return result.empty() ? 0 : static_cast<int>(result.Int(0, 0));
}

absl::StatusOr<int> PgStore::AddFailure(const std::string& login, const std::string& network,
                                        absl::Time now, absl::Time since) {
  ASSIGN_OR_RETURN(
      pg::Result result,
      pool_.Run(sql::kAddFailure, pg::Params().Text(login).Text(network).Time(now).Time(since)));
  return static_cast<int>(result.Int(0, 0));
}

absl::Status PgStore::ClearFailures(const std::string& login, const std::string& network) {
  return pool_.Run(sql::kClearFailures, pg::Params().Text(login).Text(network)).status();
}

}  // namespace pennypost::directory
