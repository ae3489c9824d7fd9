#pragma once
// Connections shared by the threads of a service.

#include <absl/time/time.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pg/connection.h"

namespace pennypost::pg {

// Opens connections as they are needed, up to `size`. A broken one is thrown away; after a failed
// attempt to connect the next one waits, 0.1 to 2 s, and callers get Unavailable at once in
// between. Thread-safe.
class Pool {
 public:
  Pool(std::string dsn, size_t size) : dsn_(std::move(dsn)), size_(size) {}
  ~Pool();

  // Runs `work` in one transaction and commits. Deadlocks and serialization failures are retried
  // from the start, with jitter, up to five times: `work` must be repeatable. Any error rolls back.
  absl::Status InTransaction(const std::function<absl::Status(Connection&)>& work);
  // One statement of its own.
  absl::StatusOr<Result> Run(const Statement& statement, const Params& params = {});
  // Several reads: repeated once on a new connection where the server closed this one meanwhile.
  absl::Status With(const std::function<absl::Status(Connection&)>& work);
  // The same without the repeat, for work that must not run twice.
  absl::Status WithOnce(const std::function<absl::Status(Connection&)>& work);

  // The outcome of the last contact with the server: for readiness. Does not block.
  absl::Status Health() const;

 private:
  // After a failure: tries to connect until it works, so that readiness comes back although nobody
  // calls (no balancer sends calls to what is not ready). With the lock held.
  void StartHealing();
  absl::StatusOr<std::unique_ptr<Connection>> Acquire();
  void Release(std::unique_ptr<Connection> connection);

  const std::string dsn_;
  const size_t size_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  size_t open_ = 0;
  absl::Time next_attempt_ = absl::InfinitePast();
  absl::Duration backoff_ = absl::Milliseconds(100);
  absl::Status health_;
  bool healing_ = false;
  bool stopping_ = false;
  std::condition_variable stop_;
  std::thread healer_;
};

// Applies what is missing of `migrations`, in order, under an advisory lock, each in a transaction
// of its own. `owner` names the service ("mailbox"): its steps are recorded in
// pennypost_migrations. Returns how many were applied. A step whose text differs from what was
// applied is refused.
absl::StatusOr<int> Migrate(Connection& connection, std::string_view owner,
                            const std::vector<Migration>& migrations);

}  // namespace pennypost::pg
