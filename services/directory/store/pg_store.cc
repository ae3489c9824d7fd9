#include "services/directory/store/pg_store.h"

#include "directory_sql.h"
#include "services/directory/store/pg_rows.h"

namespace pennypost::directory {
namespace {

AuditRow ToAudit(const pg::Result& r, int row) {
  return {r.Int(row, 0),  r.Time(row, 1), r.Text(row, 2), r.Text(row, 3),
          r.Text(row, 4), r.Text(row, 5), r.Int(row, 6),  r.Text(row, 7)};
}

pg::Params KeyParams(const AttemptKeys& keys, absl::Time now) {
  pg::Params params;
  params.Text(keys.login).Text(keys.address).Text(keys.network).Time(now);
  return params;
}

}  // namespace

absl::Status PgStore::Change(const AuditRow& audit,
                             const std::function<absl::Status(pg::Connection&)>& work) {
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(work(connection));
    pg::Params params;
    params.Text(audit.actor).Text(audit.caller).Text(audit.action).Text(audit.object);
    params.Int(audit.tenant_id).Text(audit.detail);
    return connection.Run(sql::kInsertAudit, params).status();
  });
}

absl::StatusOr<std::vector<AuditRow>> PgStore::ListAudit(const AuditFilter& filter, int64_t before,
                                                         int limit) {
  pg::Params params;
  params.Int(filter.tenant_id).Text(filter.actor).Text(filter.object).Int(before).Int(limit);
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kListAudit, params));
  return All(result, &ToAudit);
}

absl::StatusOr<AttemptCounts> PgStore::ReserveAttempt(const AttemptKeys& keys,
                                                      const AttemptLimits& limits, absl::Time now) {
  pg::Params params = KeyParams(keys, now);
  params.Time(limits.pair_since).Time(limits.since).Int(limits.of_pair).Int(limits.of_network);
  params.Time(limits.known_since);
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kReserveAttempt, params));
  return AttemptCounts{static_cast<int>(r.Int(0, 0)), static_cast<int>(r.Int(0, 1)),
                       static_cast<int>(r.Int(0, 2))};
}

absl::Status PgStore::SettleAttempt(const AttemptKeys& keys, const AttemptCounts& counted,
                                    AttemptEnd end, absl::Time now) {
  pg::Params params = KeyParams(keys, now);
  params.Bool(counted.of_network > 0).Bool(counted.of_login > 0).Bool(end == AttemptEnd::kSuccess);
  return pool_.Run(sql::kSettleAttempt, params).status();
}

absl::Status PgStore::PurgeAttempts(absl::Time failures_before, absl::Time clients_before) {
  RETURN_IF_ERROR(pool_.Run(sql::kPurgeFailures, pg::Params().Time(failures_before)).status());
  return pool_.Run(sql::kPurgeKnownClients, pg::Params().Time(clients_before)).status();
}

absl::StatusOr<std::string> PgStore::Secret(const std::string& name) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kFindSecret, pg::Params().Text(name)));
  if (result.empty()) return NotFoundError(fmt::format("no such secret: {}", name));
  return result.Text(0, 0);
}

}  // namespace pennypost::directory
