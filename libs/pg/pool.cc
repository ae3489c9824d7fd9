#include "pg/pool.h"

#include <absl/time/clock.h>

#include <random>

#include "log/log.h"
#include "metrics/metrics.h"

namespace pennypost::pg {
namespace {

constexpr int kAttempts = 5;
// A probe of the disk, ours or another process's, fills it for a moment: what finds no room then is
// tried again.
constexpr int kAttemptsWhenFull = 4;
constexpr absl::Duration kProbeTakes = absl::Milliseconds(150);
constexpr std::chrono::milliseconds kHealingPause(500);
constexpr absl::Duration kProbePause = absl::Seconds(3);
constexpr char kAway[] = "the database is not reachable";
constexpr absl::Duration kAcquireTimeout = absl::Seconds(10);
constexpr absl::Duration kLongestBackoff = absl::Seconds(2);

void SleepWithJitter(int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  absl::SleepFor(absl::Milliseconds(1 + random() % (10u << attempt)));
}

// All pools of the process together.
prometheus::Gauge& OpenConnections() {
  static auto& gauge = metrics::Gauge("pennypost_db_pool_connections", "Open database connections");
  return gauge;
}

prometheus::Histogram& WaitSeconds() {
  static auto& histogram = metrics::DurationHistogram("pennypost_db_pool_wait_seconds",
                                                      "Wait for a free database connection");
  return histogram;
}

}  // namespace

Pool::~Pool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (healer_.joinable()) healer_.join();
}

void Pool::StartHealing() {
  if (healing_ || stopping_) return;
  healing_ = true;
  // The last one has let go of the lock for good by the time healing_ is false.
  if (healer_.joinable()) healer_.join();
  healer_ = std::thread([this] { Heal(); });
}

void Pool::Heal() {
  absl::Time next_probe = absl::Now() + kProbePause;
  bool reserve_given = false;
  for (;;) {
    bool full = false;
    {
      std::unique_lock lock(mutex_);
      stop_.wait_for(lock, kHealingPause, [this] { return stopping_; });
      full = !room_.ok();
      if (stopping_ || (health_.ok() && !full)) {
        healing_ = false;
        return;
      }
    }
    if (full && !reserve_given) reserve_given = GiveReserve();
    if (full && absl::Now() >= next_probe) {
      if (Probe()) reserve_given = false;
      next_probe = absl::Now() + kProbePause;
    } else if (!Health().ok()) {
      auto connection = Acquire();
      if (connection.ok()) Release(*std::move(connection));
    }
  }
}

void Pool::MarkFull() {
  if (!room_.ok()) return;
  log::Error("pg.disk.full", {});
  room_ = MakeError(absl::StatusCode::kResourceExhausted, Reason::kStorageFull,
                    "the disk of the database is full");
  StartHealing();
}

void Pool::NoteFull() {
  std::lock_guard lock(mutex_);
  MarkFull();
}

void Pool::KeepReserve() {
  absl::Status status =
      WithOnce([this](Connection& connection) { return connection.MakeReserve(reserve_); });
  if (!status.ok()) log::Warning("pg.reserve.missing", {{"error", Describe(status)}});
}

bool Pool::GiveReserve() {
  if (reserve_.empty()) return true;
  absl::Status status =
      WithOnce([this](Connection& connection) { return connection.DropReserve(reserve_); });
  if (status.ok()) log::Warning("pg.reserve.given", {{"table", reserve_}});
  return status.ok();
}

bool Pool::Probe() {
  auto connection = Acquire();
  if (!connection.ok()) return false;
  absl::Status status = (*connection)->ProbeRoom();
  if (status.ok() && !reserve_.empty()) status = (*connection)->MakeReserve(reserve_);
  // A server that cannot be asked now is asked again. One that forbids the probe (temp_file_limit)
  // must not keep mail out: the next real write tells.
  bool known = (*connection)->healthy() && ReasonOf(status) != Reason::kStorageFull;
  (*connection)->TakeSawFull();
  Release(*std::move(connection));
  if (!known) return false;
  log::Info("pg.disk.has_room", {});
  std::lock_guard lock(mutex_);
  room_ = absl::OkStatus();
  return true;
}

absl::StatusOr<std::unique_ptr<Connection>> Pool::Acquire() {
  std::unique_lock lock(mutex_);
  auto available = [this] { return !idle_.empty() || open_ < size_; };
  absl::Time since = absl::Now();
  if (!freed_.wait_for(lock, absl::ToChronoMilliseconds(kAcquireTimeout), available)) {
    return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                     "no database connection is free");
  }
  WaitSeconds().Observe(absl::ToDoubleSeconds(absl::Now() - since));
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  absl::Time now = absl::Now();
  if (now < next_attempt_) return health_.ok() ? UnavailableError(kAway) : health_;
  ++open_;
  // Others that need a connection meanwhile fail fast only if this attempt fails.
  lock.unlock();
  auto connection = Connection::Open(dsn_);
  lock.lock();
  if (connection.ok()) {
    backoff_ = absl::Milliseconds(100);
    next_attempt_ = absl::InfinitePast();
    health_ = absl::OkStatus();
    OpenConnections().Increment();
  } else {
    --open_;
    next_attempt_ = absl::Now() + backoff_;
    backoff_ = std::min(backoff_ * 2, kLongestBackoff);
    health_ = connection.status();
    StartHealing();
    freed_.notify_one();
  }
  return connection;
}

void Pool::Release(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  if (connection->TakeSawFull()) MarkFull();
  if (connection->healthy()) {
    idle_.push_back(std::move(connection));
    health_ = absl::OkStatus();
  } else {
    --open_;
    OpenConnections().Decrement();
    NoteAway();
  }
  freed_.notify_one();
}

void Pool::NoteAway() {
  health_ = UnavailableError(kAway);
  open_ -= idle_.size();
  OpenConnections().Decrement(static_cast<double>(idle_.size()));
  idle_.clear();
  StartHealing();
}

absl::Status Pool::Health() {
  std::lock_guard lock(mutex_);
  if (health_.ok() && !idle_.empty() && idle_.back()->HungUp()) NoteAway();
  return health_;
}

absl::Status Pool::Room() const {
  std::lock_guard lock(mutex_);
  return room_;
}

absl::Status Pool::With(const std::function<absl::Status(Connection&)>& work) {
  bool stale = false;
  auto watched = [&](Connection& connection) {
    absl::Status status = work(connection);
    stale = !status.ok() && !connection.healthy();
    return status;
  };
  absl::Status status = WithOnce(watched);
  return stale ? WithOnce(work) : status;
}

absl::Status Pool::WithOnce(const std::function<absl::Status(Connection&)>& work) {
  ASSIGN_OR_RETURN(auto connection, Acquire());
  absl::Status status = work(*connection);
  Release(std::move(connection));
  return status;
}

absl::StatusOr<Result> Pool::Run(const Statement& statement, const Params& params) {
  absl::StatusOr<Result> result = Result();
  // Statements outside a transaction are read-only or repeatable by contract.
  absl::Status status = With([&](Connection& connection) {
    result = connection.Run(statement, params);
    return result.status();
  });
  if (!status.ok()) return status;
  return result;
}

absl::Status Pool::InTransaction(const std::function<absl::Status(Connection&)>& work) {
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) SleepWithJitter(attempt);
    bool began = false;
    bool stale = false;
    status = WithOnce([&](Connection& connection) {
      absl::Status inner = connection.Begin();
      began = inner.ok();
      if (inner.ok()) inner = work(connection);
      if (inner.ok()) return connection.Commit();
      connection.Rollback();
      stale = !connection.healthy();
      return inner;
    });
    bool full = status.code() == absl::StatusCode::kResourceExhausted &&
                ReasonOf(status) == Reason::kStorageFull && attempt + 1 < kAttemptsWhenFull;
    if (full) absl::SleepFor(kProbeTakes);
    bool retry =
        full || status.code() == absl::StatusCode::kAborted ||
        // Nothing was committed when the connection broke before COMMIT: a stale one after a
        // restart.
        (attempt == 0 && status.code() == absl::StatusCode::kUnavailable && (!began || stale));
    if (!retry) return status;
  }
  return status;
}

}  // namespace pennypost::pg
