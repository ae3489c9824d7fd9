#include <absl/time/clock.h>

#include "base/id.h"
#include "base/text.h"
#include "pg/pool.h"

namespace pennypost::pg {
namespace {

constexpr Statement kApplied{
    "migrations_applied",
    "SELECT number, checksum FROM pennypost_migrations WHERE owner = $1 ORDER BY number"};
constexpr Statement kRecord{
    "migrations_record",
    "INSERT INTO pennypost_migrations (owner, number, name, checksum) VALUES ($1, $2, $3, $4)"};

// While a migration waits for the lock of a table, all who come after it wait as well: it waits for
// two seconds, lets them go on, and tries again (ROBUSTNESS K16).
constexpr const char* kLockTimeout = "SET LOCAL lock_timeout = '2s'";
constexpr absl::Duration kPause = absl::Milliseconds(500);
constexpr int kTries = 60;

absl::Status TryOne(Connection& connection, std::string_view owner, const Migration& step) {
  RETURN_IF_ERROR(connection.Begin());
  absl::Status status = connection.Execute(kLockTimeout);
  if (status.ok()) status = connection.Execute(std::string(step.sql));
  if (status.ok()) {
    Params params;
    params.Text(owner).Int(step.number).Text(step.name).Text(HexEncode(Sha256(step.sql)));
    status = connection.Run(kRecord, params).status();
  }
  if (status.ok()) return connection.Commit();
  connection.Rollback();
  return status;
}

absl::Status ApplyOne(Connection& connection, std::string_view owner, const Migration& step) {
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) absl::SleepFor(kPause);
    status = TryOne(connection, owner, step);
    if (status.ok() || status.code() != absl::StatusCode::kAborted) break;
  }
  if (status.ok()) return status;
  return MakeError(
      status.code(), ReasonOf(status),
      fmt::format("migration {} of {} failed: {}", step.name, owner, MessageOf(status)));
}

absl::StatusOr<int> ApplyMissing(Connection& connection, std::string_view owner,
                                 const std::vector<Migration>& migrations) {
  Params who;
  who.Text(owner);
  ASSIGN_OR_RETURN(Result applied, connection.Run(kApplied, who));
  std::map<int64_t, std::string> checksums;
  for (int row = 0; row < applied.rows(); ++row)
    checksums[applied.Int(row, 0)] = applied.Text(row, 1);
  int count = 0;
  for (const Migration& step : migrations) {
    auto it = checksums.find(step.number);
    if (it == checksums.end()) {
      RETURN_IF_ERROR(ApplyOne(connection, owner, step));
      ++count;
    } else if (it->second != HexEncode(Sha256(step.sql))) {
      return MakeError(
          absl::StatusCode::kFailedPrecondition, Reason::kNone,
          fmt::format("migration {} of {} was changed after it was applied", step.name, owner));
    }
  }
  return count;
}

}  // namespace

absl::StatusOr<int> Migrate(Connection& connection, std::string_view owner,
                            const std::vector<Migration>& migrations) {
  // One migrator at a time, whoever starts it.
  RETURN_IF_ERROR(connection.Execute("SELECT pg_advisory_lock(7241001)"));
  absl::Status table = connection.Execute(
      "CREATE TABLE IF NOT EXISTS pennypost_migrations (owner text NOT NULL, number int NOT NULL, "
      "name text NOT NULL, "
      "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (owner, "
      "number))");
  absl::StatusOr<int> count =
      table.ok() ? ApplyMissing(connection, owner, migrations) : absl::StatusOr<int>(table);
  RETURN_IF_ERROR(connection.Execute("SELECT pg_advisory_unlock(7241001)"));
  return count;
}

}  // namespace pennypost::pg
