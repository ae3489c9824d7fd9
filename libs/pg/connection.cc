#include "pg/connection.h"

#include <libpq-fe.h>

#include "log/log.h"

namespace pennypost::pg {
namespace {

constexpr int kBinary = 1;

absl::Status StatusOfSqlState(std::string_view state, bool connected, bool in_commit) {
  if (!connected && in_commit) {
    return MakeError(absl::StatusCode::kUnknown, Reason::kWriteUncertain,
                     "the database went away during commit");
  }
  if (!connected || state.starts_with("08") || state.starts_with("57P") || state == "25006") {
    return UnavailableError("the database is not reachable");
  }
  if (state == "23505") return ExistsError("it exists already");
  if (state == "40001" || state == "40P01" || state == "55P03")
    return absl::AbortedError("changed by somebody else");
  if (state == "53100") {
    return MakeError(absl::StatusCode::kResourceExhausted, Reason::kStorageFull,
                     "the disk is full");
  }
  if (state.starts_with("53")) return UnavailableError("the database is overloaded");
  if (state == "57014") return absl::DeadlineExceededError("the database took too long");
  return BugError("database error");
}

bool Ok(const pg_result* result) {
  ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

std::string Setting(PGconn* connection, const char* name) {
  Result result(PQexec(connection, (std::string("SHOW ") + name).c_str()));
  return result.rows() == 1 ? result.Text(0, 0) : "";
}

// ROBUSTNESS 2.1: with one of these off, COMMIT does not mean stored.
absl::Status CheckDurability(PGconn* connection) {
  for (const char* name : {"fsync", "full_page_writes", "synchronous_commit"}) {
    std::string value = Setting(connection, name);
    if (value == "off") {
      return MakeError(
          absl::StatusCode::kFailedPrecondition, Reason::kNone,
          fmt::format("PostgreSQL has {}=off: an acknowledged message could be lost", name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& dsn) {
  const char* keywords[] = {"dbname",
                            "connect_timeout",
                            "options",
                            "client_encoding",
                            "fallback_application_name",
                            "keepalives_idle",
                            "keepalives_interval",
                            "keepalives_count",
                            "tcp_user_timeout",
                            nullptr};
  const char* values[] = {dsn.c_str(), "5",
                          "-c plan_cache_mode=force_generic_plan -c statement_timeout=30s "
                          "-c idle_in_transaction_session_timeout=30s -c lock_timeout=10s",
                          "UTF8", "pennypost",
                          // A server whose host is gone without a word is noticed in half a minute.
                          "10", "5", "3", "20000", nullptr};
  std::unique_ptr<Connection> connection(
      new Connection(PQconnectdbParams(keywords, values, /*expand_dbname=*/1)));
  if (PQstatus(connection->connection_) != CONNECTION_OK) {
    log::Warning("pg.connect.failed", {{"err", PQerrorMessage(connection->connection_)}});
    return UnavailableError("the database is not reachable");
  }
  PQsetNoticeProcessor(
      connection->connection_, [](void*, const char*) {}, nullptr);
  RETURN_IF_ERROR(CheckDurability(connection->connection_));
  return connection;
}

Connection::~Connection() {
  PQfinish(connection_);
}

bool Connection::healthy() const {
  return !broken_ && PQstatus(connection_) == CONNECTION_OK;
}

absl::Status Connection::ErrorOf(const pg_result* result, std::string_view what) {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  // An error without SQLSTATE is not the server's: the connection is gone (EPIPE shows so before
  // PQstatus does).
  if (state == nullptr) broken_ = true;
  absl::Status status = StatusOfSqlState(state == nullptr ? "" : state, healthy(), in_commit_);
  const char* words =
      result == nullptr ? PQerrorMessage(connection_) : PQresultErrorMessage(result);
  auto level = ReasonOf(status) == Reason::kBug ? log::Level::kError : log::Level::kDebug;
  if (log::Enabled(level)) log::Write(level, "pg.error", {{"statement", what}, {"err", words}});
  return status;
}

absl::Status Connection::Prepare(const Statement& statement, const Params& params) {
  if (prepared_.contains(statement.name)) return absl::OkStatus();
  std::string name(statement.name);
  std::string sql(statement.sql);
  Result guard;
  PGresult* result = PQprepare(connection_, name.c_str(), sql.c_str(),
                               static_cast<int>(params.size()), params.types().data());
  guard = Result(result);
  if (!Ok(result)) return ErrorOf(result, statement.name);
  prepared_.insert(statement.name);
  return absl::OkStatus();
}

absl::StatusOr<Result> Connection::Run(const Statement& statement, const Params& params) {
  RETURN_IF_ERROR(Prepare(statement, params));
  auto values = params.values();
  std::vector<int> formats(params.size(), kBinary);
  PGresult* raw = PQexecPrepared(connection_, std::string(statement.name).c_str(),
                                 static_cast<int>(params.size()), values.data(),
                                 params.lengths().data(), formats.data(), kBinary);
  Result result(raw);
  if (!Ok(raw)) return ErrorOf(raw, statement.name);
  return result;
}

absl::Status Connection::Execute(const std::string& sql) {
  PGresult* raw = PQexec(connection_, sql.c_str());
  Result guard(raw);
  return Ok(raw) ? absl::OkStatus() : ErrorOf(raw, std::string_view(sql).substr(0, 60));
}

absl::StatusOr<std::vector<Result>> Connection::RunAll(const std::vector<Step>& steps) {
  for (const Step& step : steps) RETURN_IF_ERROR(Prepare(*step.statement, *step.params));
  if (PQenterPipelineMode(connection_) != 1) return ErrorOf(nullptr, "pipeline");
  for (const Step& step : steps) {
    auto values = step.params->values();
    std::vector<int> formats(step.params->size(), kBinary);
    PQsendQueryPrepared(connection_, std::string(step.statement->name).c_str(),
                        static_cast<int>(step.params->size()), values.data(),
                        step.params->lengths().data(), formats.data(), kBinary);
  }
  in_commit_ = !steps.empty() && steps.back().statement->sql.starts_with("COMMIT");
  PQpipelineSync(connection_);
  std::vector<Result> results;
  absl::Status error;
  for (const Step& step : steps) {
    PGresult* raw = PQgetResult(connection_);
    Result result(raw);
    if (raw != nullptr && Ok(raw)) {
      results.push_back(result);
    } else if (error.ok()) {
      error = ErrorOf(raw, step.statement->name);
    }
    // Each statement's results end with a null.
    while (raw != nullptr && (raw = PQgetResult(connection_)) != nullptr) PQclear(raw);
    if (!healthy()) break;
  }
  if (healthy()) {
    PQclear(PQgetResult(connection_));  // the sync
    PQexitPipelineMode(connection_);
  }
  in_commit_ = false;
  if (!error.ok()) return error;
  return results;
}

absl::Status Connection::Begin() {
  return Execute("BEGIN");
}

absl::Status Connection::Commit() {
  in_commit_ = true;
  absl::Status status = Execute("COMMIT");
  in_commit_ = false;
  return status;
}

void Connection::Rollback() {
  if (healthy()) Execute("ROLLBACK").IgnoreError();
}

}  // namespace pennypost::pg
