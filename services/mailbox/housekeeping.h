#pragma once
// What the store has to do by itself, a small step at a time: deleted messages whose time is over,
// the record of what vanished, contents that nothing refers to. Any number of processes may run it:
// the store gives the turn to one of them at a time, and each step is a whole transaction, so that
// it may be killed anywhere.

#include <absl/time/time.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

struct HousekeepingOptions {
  absl::Duration restore = absl::Hours(24 * 14);   // deleted messages stay restorable for
  absl::Duration vanished = absl::Hours(24 * 30);  // what vanished is known exactly for
  absl::Duration grace = absl::Hours(24);          // contents stay without a reference for
  // Messages stay in folders of a use for; none for ever.
  std::map<std::string, absl::Duration> retention;
  ScrubPace scrub;                             // no bytes a second: none
  absl::Duration pause = absl::Minutes(1);     // between looks
  absl::Duration pass_pause = absl::Hours(1);  // between passes over all mailboxes or objects
};

class Housekeeping {
 public:
  // `changed` hears of accounts whose messages were deleted; it must not block.
  Housekeeping(Store& store, HousekeepingOptions options,
               std::function<void(int64_t)> changed = nullptr)
      : store_(store), options_(std::move(options)), changed_account_(std::move(changed)) {}
  ~Housekeeping();

  void Start();
  // The step under way is finished, no other begins. Does not block.
  void Stop();
  // All that is due now. For tests and the thread.
  void RunOnce();
  void RetainOnce();
  void RenumberOnce();
  void CollectOutsideOnce();
  void ScrubOnce();

 private:
  using Step = std::function<absl::StatusOr<size_t>(size_t limit)>;
  void Loop();
  void Run(const char* what, const Step& step);
  void Retain(const std::string& use, absl::Duration age);
  bool Wait(absl::Duration time);

  Store& store_;
  const HousekeepingOptions options_;
  const std::function<void(int64_t)> changed_account_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pennypost::mailbox
