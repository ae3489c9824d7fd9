#pragma once
// One connection to PostgreSQL over libpq. Blocking; used by one thread at a time.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "pg/params.h"
#include "pg/result.h"
#include "pg/statement.h"

struct pg_conn;

namespace pennypost::pg {

// Errors: AlreadyExists for a unique violation; Aborted (CONFLICT) for deadlock and serialization
// failure, worth a retry of the whole transaction; ResourceExhausted (STORAGE_FULL) for a full
// disk; Unavailable when the server is away, shutting down or read-only; Unknown (WRITE_UNCERTAIN)
// when it went away during COMMIT; Internal (BUG) otherwise, with the words of the server in the
// log, not in the status.
class Connection {
 public:
  // Session settings for all: generic plans, time-outs. Refuses a server that would acknowledge
  // what it may lose.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& dsn);
  ~Connection();

  absl::StatusOr<Result> Run(const Statement& statement, const Params& params = {});
  // Without a prepared statement: migrations, BEGIN, COMMIT.
  absl::Status Execute(const std::string& sql);

  struct Step {
    const Statement* statement;
    const Params* params;
  };
  // Several statements in one round trip (pipeline mode). All run or, if one fails, none after it
  // does; the first error comes back. Meant for use inside Begin and Commit.
  absl::StatusOr<std::vector<Result>> RunAll(const std::vector<Step>& steps);

  absl::Status Begin();
  absl::Status Commit();
  void Rollback();

  // False once the server went away: throw the connection away.
  bool healthy() const;
  // Whether the server has closed it while nothing was asked. Does not block.
  bool HungUp();
  // Whether a statement found the disk full since the last call.
  bool TakeSawFull();
  // Whether the server's disk has room for a WAL segment and a reserve: writes 32 MiB to a
  // temporary file of the server, which takes no table, no WAL and leaves nothing behind.
  // STORAGE_FULL if it does not fit.
  absl::Status ProbeRoom();
  // 16 MiB of the disk in a table of that name, so that there is something to give back when the
  // disk is full. Making it where it is does nothing.
  absl::Status MakeReserve(const std::string& table);
  absl::Status DropReserve(const std::string& table);
  pg_conn* native() { return connection_; }

 private:
  explicit Connection(pg_conn* connection) : connection_(connection) {}
  absl::Status Prepare(const Statement& statement, const Params& params);
  absl::Status ErrorOf(const pg_result* result, std::string_view what);

  pg_conn* connection_;
  bool in_commit_ = false;
  bool broken_ = false;  // libpq itself failed, whatever PQstatus still says
  bool saw_full_ = false;
  std::unordered_set<std::string_view> prepared_;
};

}  // namespace pennypost::pg
