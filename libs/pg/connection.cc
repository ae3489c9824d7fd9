#include "pg/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include "base/mutant.h"
#include "log/log.h"

namespace pennypost::pg {
namespace {

constexpr int kBinary = 1;

// 53100 is PostgreSQL's word for ENOSPC. For a file system's quota (EDQUOT), and where it lost the
// reason on its way, only its message tells (the primary one: no values of ours are in it).
bool IsOutOfSpace(std::string_view state, const pg_result* result) {
  if (state == "53100") return true;
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (primary == nullptr || (state != "58030" && state != "XX000")) return false;
  std::string_view words(primary);
  return words.find("No space left on device") != std::string_view::npos ||
         words.find("Disk quota exceeded") != std::string_view::npos;
}

absl::Status StatusOfSqlState(std::string_view state, bool full, bool connected, bool in_commit) {
  if (!connected && in_commit) {
    return MakeError(absl::StatusCode::kUnknown, Reason::kWriteUncertain,
                     "the database went away during commit");
  }
  if (full) {
    return MakeError(absl::StatusCode::kResourceExhausted, Reason::kStorageFull,
                     "the disk is full");
  }
  if (!connected || state.starts_with("08") || state.starts_with("57P") || state == "25006") {
    return UnavailableError("the database is not reachable");
  }
  if (state == "23505") return ExistsError("it exists already");
  if (state == "40001" || state == "40P01" || state == "55P03")
    return absl::AbortedError("changed by somebody else");
  if (state.starts_with("53")) return UnavailableError("the database is overloaded");
  if (state == "57014") return absl::DeadlineExceededError("the database took too long");
  return BugError("database error");
}

// FATAL and PANIC end the connection, whatever PQstatus still says. A PANIC is what a WAL without
// room makes of a COMMIT: nobody knows then whether it happened.
bool EndsConnection(const pg_result* result) {
  const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity != nullptr &&
         (std::string_view(severity) == "FATAL" || std::string_view(severity) == "PANIC");
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
  if constexpr (kMutant == Mutant::kM2) return absl::OkStatus();
  for (const char* name : {"fsync", "full_page_writes", "synchronous_commit"}) {
    std::string value = Setting(connection, name);
    if (value == "off") {
      return MakeError(
          absl::StatusCode::kFailedPrecondition, Reason::kNone,
          fmt::format("PostgreSQL has {}=off: an acknowledged message could be lost", name));
    }
  }
  // K5: what an fsync failed to write may be gone from the page cache; the second one says it is
  // there.
  if (Setting(connection, "data_sync_retry") == "on") {
    return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kNone,
                     "PostgreSQL has data_sync_retry=on: an acknowledged message could be lost");
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
                          // A statement is planned once, perhaps while its tables are empty, and
                          // goes by key: no plan may read a table because it was small then.
                          "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off "
                          "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_material=off "
                          "-c enable_memoize=off -c statement_timeout=30s "
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

bool Connection::HungUp() {
  // The words with which a server ends come first, then the end: each read takes one of them.
  for (int reads = 0; reads < 2; ++reads) {
    pollfd socket{PQsocket(connection_), POLLIN, 0};
    if (poll(&socket, 1, 0) <= 0) return false;
    if (PQconsumeInput(connection_) == 0) return true;
  }
  return !healthy();
}

absl::Status Connection::ErrorOf(const pg_result* result, std::string_view what) {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  // An error without SQLSTATE is not the server's: the connection is gone (EPIPE shows so before
  // PQstatus does). One that takes no writes is not the primary any more, or was read-only when
  // this connection was made: only a new one can tell.
  bool read_only = state != nullptr && std::string_view(state) == "25006";
  if (state == nullptr || EndsConnection(result) || read_only) broken_ = true;
  const char* words =
      result == nullptr ? PQerrorMessage(connection_) : PQresultErrorMessage(result);
  std::string_view code(state == nullptr ? "" : state);
  bool full = IsOutOfSpace(code, result);
  saw_full_ = saw_full_ || full;
  absl::Status status = StatusOfSqlState(code, full, healthy(), in_commit_);
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

bool Connection::TakeSawFull() {
  return std::exchange(saw_full_, false);
}

absl::Status Connection::ProbeRoom() {
  // A function scan keeps its rows in a tuple store, and that goes to a file above work_mem.
  constexpr char kWriteMuch[] =
      "SET LOCAL work_mem = '64kB'; "
      "SELECT count(*) FROM unnest(array_fill(repeat('x', 8000), ARRAY[4200]))";
  RETURN_IF_ERROR(Begin());
  absl::Status status = Execute(kWriteMuch);
  Rollback();
  return status;
}

absl::Status Connection::MakeReserve(const std::string& table) {
  // Four rows a page; short enough that none is compressed.
  return Execute("CREATE TABLE IF NOT EXISTS " + table +
                 " AS SELECT repeat('x', 1900) AS filler FROM generate_series(1, 8192)");
}

absl::Status Connection::DropReserve(const std::string& table) {
  // TRUNCATE would have to write new rows of the catalogue; this only marks old ones.
  return Execute("DROP TABLE IF EXISTS " + table);
}

void Connection::Rollback() {
  if (healthy()) Execute("ROLLBACK").IgnoreError();
}

}  // namespace pennypost::pg
