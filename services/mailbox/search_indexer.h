#pragma once
// Indexes messages for search after their commit, in the background. Which accounts have changed is
// only a hint: what waits is said by the store, and looks over all accounts find what a hint that
// was lost (a process that died, another that left it) would have told. Any number of processes may
// run it; the store gives the turn for an account to one of them.
//
// Deliveries come first: while many changes arrive it works a tenth of the time. With a full disk
// it does nothing.

#include <absl/time/time.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "services/mailbox/core/indexing.h"
#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

struct SearchIndexerOptions {
  absl::Duration settle = absl::Seconds(2);       // from the first change to the step
  absl::Duration breath = absl::Milliseconds(5);  // between steps, at least
  absl::Duration look_pause = absl::Minutes(1);   // between looks over all accounts, at least
  double many_changes = 50;                       // a second
  IndexLimits limits;
};

class SearchIndexer {
 public:
  SearchIndexer(Store& store, SearchIndexerOptions options)
      : store_(store), options_(std::move(options)) {}
  ~SearchIndexer();

  void Start();
  // The step under way is finished, no other begins. Does not block.
  void Stop();
  // The account may have something to index. Does not block.
  void Changed(int64_t account_id);
  // All that waits. For tests.
  void RunOnce();

 private:
  using Clock = std::chrono::steady_clock;
  void Loop();
  // False once it is to stop.
  bool Wait(absl::Duration time);
  bool WaitForWork();
  void IndexWaiting();
  void IndexAccount(int64_t account_id);
  // A page of the look over all accounts.
  void Look();
  bool IsBusy();

  Store& store_;
  const SearchIndexerOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::set<int64_t> waiting_;
  std::atomic<uint64_t> changes_ = 0;
  // Of the thread.
  uint64_t seen_changes_ = 0;
  Clock::time_point seen_at_ = Clock::now();
  int64_t looked_at_ = 0;
  uint64_t backlog_ = 0;
  Clock::time_point look_began_ = Clock::now();
  Clock::time_point next_look_ = Clock::now();
  std::thread thread_;
};

}  // namespace pennypost::mailbox
