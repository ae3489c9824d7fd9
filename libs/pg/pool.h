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
  // `reserve` names the table of a reserve (Connection::MakeReserve) that this pool gives back to
  // the disk when it is full, so that removals go on, and makes again before Room() is good; empty
  // for none.
  Pool(std::string dsn, size_t size, std::string reserve = "")
      : dsn_(std::move(dsn)), size_(size), reserve_(std::move(reserve)) {}
  ~Pool();

  // Runs `work` in one transaction and commits. Deadlocks and serialization failures are retried
  // from the start, with jitter, up to five times, a full disk some tenths of a second: `work` must
  // be repeatable. Any error rolls back.
  absl::Status InTransaction(const std::function<absl::Status(Connection&)>& work);
  // One statement of its own.
  absl::StatusOr<Result> Run(const Statement& statement, const Params& params = {});
  // Several reads: repeated once on a new connection where the server closed this one meanwhile.
  absl::Status With(const std::function<absl::Status(Connection&)>& work);
  // The same without the repeat, for work that must not run twice.
  absl::Status WithOnce(const std::function<absl::Status(Connection&)>& work);

  // For readiness: the outcome of the last contact with the server, and whether it has hung up on
  // an idle connection since. Does not block.
  absl::Status Health();
  // STORAGE_FULL from the first statement that found the server's disk full until a probe fits
  // again, at most some seconds after room was made. Reads go on meanwhile, and so may small
  // writes: callers ask before they take new mail. Does not block.
  absl::Status Room() const;
  // Somebody else found the disk full.
  void NoteFull();
  // Makes the reserve where it is missing: once, at the start. Best effort.
  void KeepReserve();

 private:
  // After a failure: tries to connect until it works, so that readiness comes back although nobody
  // calls (no balancer sends calls to what is not ready), and probes a full disk until it has room.
  // With the lock held.
  void StartHealing();
  void Heal();
  // Whether there is room again, and a reserve.
  bool Probe();
  bool GiveReserve();
  void MarkFull();  // with the lock held
  absl::StatusOr<std::unique_ptr<Connection>> Acquire();
  void Release(std::unique_ptr<Connection> connection);
  // The server hung up: its idle connections are most likely gone too. With the lock held.
  void NoteAway();

  const std::string dsn_;
  const size_t size_;
  const std::string reserve_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  size_t open_ = 0;
  absl::Time next_attempt_ = absl::InfinitePast();
  absl::Duration backoff_ = absl::Milliseconds(100);
  absl::Status health_;
  absl::Status room_;
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
