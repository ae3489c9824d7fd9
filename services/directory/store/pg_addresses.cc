// Aliases and groups.

#include "directory_sql.h"
#include "services/directory/store/limits.h"
#include "services/directory/store/pg_rows.h"
#include "services/directory/store/pg_store.h"

namespace pennypost::directory {
namespace {

AliasRow ToAlias(const pg::Result& r, int row) {
  return {r.Text(row, 0), r.Texts(row, 1), r.Bool(row, 2)};
}

GroupRow ToGroup(const pg::Result& r, int row) {
  return {r.Int(row, 0),  r.Text(row, 1), r.Text(row, 2), r.Text(row, 3),
          r.Bool(row, 4), r.Time(row, 5), r.Texts(row, 6)};
}

ExpansionRow ToExpansion(const pg::Result& r, int row) {
  return {r.Text(row, 0), r.Texts(row, 1), r.Bool(row, 2),
          r.Text(row, 3), r.Int(row, 4),   r.Text(row, 5)};
}

absl::Status AddMembers(pg::Connection& connection, int64_t group_id,
                        const std::vector<std::string>& members) {
  if (members.empty()) return absl::OkStatus();
  pg::Params params;
  params.Int(group_id).Texts(members);
  RETURN_IF_ERROR(connection.Run(sql::kAddMembers, params).status());
  ASSIGN_OR_RETURN(pg::Result count,
                   connection.Run(sql::kCountMembers, pg::Params().Int(group_id)));
  return CheckMemberCount(count.Int(0, 0));
}

}  // namespace

absl::Status ClaimAddress(pg::Connection& connection, const std::string& address) {
  pg::Params params;
  params.Text(address);
  RETURN_IF_ERROR(connection.Run(sql::kLockAddress, params).status());
  ASSIGN_OR_RETURN(pg::Result owner, connection.Run(sql::kAddressOwner, params));
  if (owner.empty()) return absl::OkStatus();
  return AddressTaken(owner.Text(0, 0), address);
}

absl::StatusOr<std::optional<ExpansionRow>> PgStore::FindExpansion(const std::string& address) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindExpansion, pg::Params().Text(address)));
  return First(result, &ToExpansion);
}

absl::StatusOr<std::vector<AliasRow>> PgStore::ListAliases(const Scope& scope,
                                                           const std::string& after, int limit) {
  ASSIGN_OR_RETURN(pg::Result result,
                   pool_.Run(sql::kListAliases, PageParams(scope, after, limit)));
  return All(result, &ToAlias);
}

absl::Status PgStore::InsertAlias(const std::string& domain, const AliasRow& alias,
                                  const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(ClaimAddress(connection, alias.address));
    pg::Params params;
    params.Text(domain).Text(alias.address).Texts(alias.targets).Bool(alias.send_as);
    return NotFoundIfNone(connection.Run(sql::kInsertAlias, params), "domain");
  });
}

absl::Status PgStore::DeleteAlias(const std::string& address, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) {
    return NotFoundIfNone(connection.Run(sql::kDeleteAlias, pg::Params().Text(address)), "alias");
  });
}

absl::StatusOr<std::optional<GroupRow>> PgStore::FindGroup(const std::string& address) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindGroup, pg::Params().Text(address)));
  return First(result, &ToGroup);
}

absl::StatusOr<std::vector<GroupRow>> PgStore::ListGroups(const Scope& scope,
                                                          const std::string& after, int limit) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kListGroups, PageParams(scope, after, limit)));
  return All(result, &ToGroup);
}

absl::Status PgStore::InsertGroup(const std::string& domain, GroupRow& group,
                                  const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(ClaimAddress(connection, group.address));
    pg::Params params;
    params.Text(domain).Text(group.address).Text(group.display_name).Text(group.posting);
    params.Bool(group.send_as);
    ASSIGN_OR_RETURN(pg::Result result, connection.Run(sql::kInsertGroup, params));
    if (result.empty()) return NotFoundError("no such domain");
    group.id = result.Int(0, 0);
    group.created_at = result.Time(0, 1);
    return AddMembers(connection, group.id, group.members);
  });
}

absl::Status PgStore::UpdateGroup(const GroupRow& group, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) {
    pg::Params params;
    params.Text(group.address).Text(group.display_name).Text(group.posting).Bool(group.send_as);
    return NotFoundIfNone(connection.Run(sql::kUpdateGroup, params), "group");
  });
}

absl::Status PgStore::ChangeMembers(int64_t group_id, const std::vector<std::string>& add,
                                    const std::vector<std::string>& remove, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) -> absl::Status {
    if (!remove.empty()) {
      pg::Params params;
      params.Int(group_id).Texts(remove);
      ASSIGN_OR_RETURN(pg::Result removed, connection.Run(sql::kRemoveMembers, params));
      if (removed.affected() < static_cast<int64_t>(remove.size()))
        return NotFoundError("not a member of the group");
    }
    return AddMembers(connection, group_id, add);
  });
}

absl::Status PgStore::DeleteGroup(const std::string& address, const AuditRow& audit) {
  return Change(audit, [&](pg::Connection& connection) {
    return NotFoundIfNone(connection.Run(sql::kDeleteGroup, pg::Params().Text(address)), "group");
  });
}

}  // namespace pennypost::directory
