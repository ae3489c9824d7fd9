#include "services/mailbox/change_feed.h"

#include <absl/time/clock.h>

namespace pennypost::mailbox {
namespace {
constexpr std::chrono::milliseconds kPoll(1000);
}

ChangeFeed::ChangeFeed(Store& store) : store_(store), thread_([this] { Loop(); }) {}

ChangeFeed::~ChangeFeed() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  for (auto& [account, waiter] : waiters_) waiter.wake(waiter.since);
}

void ChangeFeed::Wait(int64_t account_id, uint64_t since, absl::Time deadline,
                      std::function<void(uint64_t)> wake) {
  std::lock_guard lock(mutex_);
  waiters_.emplace(account_id, Waiter{since, deadline, std::move(wake)});
  // The change may have come between the caller's last look and now.
  dirty_ = true;
  changed_.notify_all();
}

void ChangeFeed::Notify(int64_t account_id) {
  std::lock_guard lock(mutex_);
  if (!waiters_.contains(account_id)) return;
  dirty_ = true;
  changed_.notify_all();
}

std::vector<std::pair<std::function<void(uint64_t)>, uint64_t>> ChangeFeed::TakeDue(
    const std::map<int64_t, uint64_t>& modseqs) {
  std::vector<std::pair<std::function<void(uint64_t)>, uint64_t>> due;
  absl::Time now = absl::Now();
  std::lock_guard lock(mutex_);
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    auto modseq = modseqs.find(it->first);
    bool moved = modseq != modseqs.end() && modseq->second > it->second.since;
    if (!moved && it->second.deadline > now) {
      ++it;
      continue;
    }
    due.emplace_back(std::move(it->second.wake), moved ? modseq->second : it->second.since);
    it = waiters_.erase(it);
  }
  return due;
}

void ChangeFeed::Loop() {
  for (;;) {
    std::vector<int64_t> accounts;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kPoll, [this] { return stopping_ || dirty_; });
      if (stopping_) return;
      dirty_ = false;
      for (auto it = waiters_.begin(); it != waiters_.end(); it = waiters_.upper_bound(it->first)) {
        accounts.push_back(it->first);
      }
    }
    if (accounts.empty()) continue;
    // While the database is away nobody is told anything: no invented changes.
    auto modseqs = store_.GetModseqs(accounts);
    for (auto& [wake, modseq] : TakeDue(modseqs.value_or(std::map<int64_t, uint64_t>())))
      wake(modseq);
  }
}

}  // namespace pennypost::mailbox
