#pragma once
// Private to the PostgreSQL store: results to rows.

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "pg/connection.h"
#include "services/directory/store/rows.h"

namespace pennypost::directory {

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

inline absl::Status NotFoundIfNone(const absl::StatusOr<pg::Result>& result,
                                   std::string_view what) {
  if (!result.ok()) return result.status();
  return result->affected() > 0 ? absl::OkStatus() : NotFoundError(fmt::format("no such {}", what));
}

// Of an update by revision: NotFound where `find` has no such row, or Aborted.
absl::Status CheckUpdated(pg::Connection& connection, const absl::StatusOr<pg::Result>& updated,
                          const pg::Statement& find, const std::string& key, std::string_view what);

inline pg::Params PageParams(const Scope& scope, const std::string& after, int limit) {
  pg::Params params;
  params.Int(scope.tenant_id).Text(scope.domain).Text(after).Int(limit);
  return params;
}

// AlreadyExists where an account, an alias or a group has the address; nobody else takes it before
// the transaction ends.
absl::Status ClaimAddress(pg::Connection& connection, const std::string& address);

// Room for that many more in the tenant; whoever asks the same waits until the transaction ends.
// ResourceExhausted (OVER_QUOTA), NotFound.
absl::Status CheckTenantRoom(pg::Connection& connection, int64_t tenant_id, int64_t more_domains,
                             int64_t more_accounts);

}  // namespace pennypost::directory
