#pragma once
// Who waits for changes of an account, and when to wake them.
//
// Changes made by this process, and those another pod tells of, wake at once; one query a second
// over all accounts that somebody waits for sees the rest. A waiter is never told of nothing for
// long: MODSEQ decides, not the message.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

class ChangeFeed {
 public:
  explicit ChangeFeed(Store& store);
  ~ChangeFeed();

  // `wake` runs once, on any thread: with the account's MODSEQ when it is above `since`, or with
  // `since` at the deadline or at the end of the feed.
  void Wait(int64_t account_id, uint64_t since, absl::Time deadline,
            std::function<void(uint64_t)> wake);
  // A change was committed, here or by another instance.
  void Notify(int64_t account_id);

 private:
  struct Waiter {
    uint64_t since;
    absl::Time deadline;
    std::function<void(uint64_t)> wake;
  };
  void Loop();
  // Waiters of accounts that moved on or whose time is up.
  std::vector<std::pair<std::function<void(uint64_t)>, uint64_t>> TakeDue(
      const std::map<int64_t, uint64_t>& modseqs);

  Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<int64_t, Waiter> waiters_;
  bool dirty_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pennypost::mailbox
