#include "services/mailbox/search_indexer.h"

#include <chrono>

#include "log/log.h"
#include "metrics/metrics.h"

namespace pennypost::mailbox {
namespace {

constexpr size_t kPage = 1000;  // accounts in one look
constexpr absl::Duration kPageBreath = absl::Milliseconds(100);
// More accounts are left to the looks.
constexpr size_t kMostWaiting = 100'000;
// While deliveries are many, this many times the length of a step comes between two.
constexpr int kBusyBreath = 9;
constexpr absl::Duration kLongestBreath = absl::Seconds(10);

absl::Duration Since(std::chrono::steady_clock::time_point begin) {
  return absl::FromChrono(std::chrono::steady_clock::now() - begin);
}

}  // namespace

SearchIndexer::~SearchIndexer() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void SearchIndexer::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void SearchIndexer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

void SearchIndexer::Changed(int64_t account_id) {
  changes_.fetch_add(1, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMostWaiting) return;
  // The thread sleeps without a bound only where nothing waits.
  if (waiting_.empty()) changed_.notify_all();
  waiting_.insert(account_id);
}

bool SearchIndexer::Wait(absl::Duration time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMicroseconds(time), [this] { return stopping_; });
  return !stopping_;
}

bool SearchIndexer::WaitForWork() {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, next_look_, [this] { return stopping_ || !waiting_.empty(); });
  return !stopping_;
}

void SearchIndexer::Loop() {
  while (WaitForWork()) {
    if (Clock::now() >= next_look_) {
      Look();
    } else if (!Wait(options_.settle)) {
      return;
    }
    IndexWaiting();
  }
}

void SearchIndexer::IndexWaiting() {
  std::set<int64_t> accounts;
  {
    std::lock_guard lock(mutex_);
    accounts.swap(waiting_);
  }
  for (int64_t account : accounts) {
    IndexAccount(account);
    std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

bool SearchIndexer::IsBusy() {
  uint64_t changes = changes_.load(std::memory_order_relaxed);
  double seconds = std::max(absl::ToDoubleSeconds(Since(seen_at_)), 0.001);
  bool busy = static_cast<double>(changes - seen_changes_) / seconds > options_.many_changes;
  seen_changes_ = changes;
  seen_at_ = Clock::now();
  return busy;
}

void SearchIndexer::IndexAccount(int64_t account_id) {
  static auto& indexed =
      metrics::Counter("pennypost_mailbox_indexed_total", "Messages that were indexed for search");
  // ROBUSTNESS K6: what is left of the disk is for removals.
  while (store_.Room().ok()) {
    auto begin = Clock::now();
    absl::StatusOr<IndexStep> step = IndexSome(store_, account_id, options_.limits);
    if (!step.ok()) {
      // The next look finds it again.
      return log::Warning("mailbox.search_index.failed",
                          {{"account", account_id}, {"error", Describe(step.status())}});
    }
    indexed.Increment(static_cast<double>(step->emails));
    absl::Duration breath = options_.breath;
    if (IsBusy()) breath = std::max(breath, std::min(kBusyBreath * Since(begin), kLongestBreath));
    if (!Wait(breath) || !step->more) return;
  }
}

void SearchIndexer::Look() {
  static auto& backlog =
      metrics::Gauge("pennypost_mailbox_index_backlog",
                     "Messages that were new or changed and not yet looked at for the search "
                     "index, when all accounts were last gone over");
  if (looked_at_ == 0) look_began_ = Clock::now();
  absl::StatusOr<UnindexedStep> step = store_.FindUnindexed(looked_at_, kPage);
  if (!step.ok()) {
    // Without the database there is nothing to do; the next look will tell.
    log::Warning("mailbox.search_index.failed", {{"error", Describe(step.status())}});
    next_look_ = Clock::now() + absl::ToChronoMicroseconds(options_.look_pause);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    for (const auto& account : step->accounts) {
      backlog_ += account.messages;
      waiting_.insert(account.account_id);
    }
  }
  looked_at_ = step->at_end ? 0 : step->last;
  absl::Duration pause = kPageBreath;
  if (step->at_end) {
    backlog.Set(static_cast<double>(std::exchange(backlog_, 0)));
    // A look takes a small share of the time, however many accounts there are.
    pause = std::max(options_.look_pause, 20 * Since(look_began_));
  }
  next_look_ = Clock::now() + absl::ToChronoMicroseconds(pause);
}

void SearchIndexer::RunOnce() {
  do {
    Look();
  } while (looked_at_ != 0);
  IndexWaiting();
}

}  // namespace pennypost::mailbox
