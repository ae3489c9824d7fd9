#pragma once
// Whether the stores have room for new mail, as last heard: asked at most once a second, whatever
// the number of sessions.

#include <absl/time/time.h>

#include <atomic>

namespace pennypost::ingress {

// Thread-safe.
class StoreRoom {
 public:
  // True for one caller a second, who then asks the stores and calls Note.
  bool AskNow(absl::Time now) {
    int64_t at = absl::ToUnixMillis(now);
    int64_t due = due_.load(std::memory_order_relaxed);
    return at >= due && due_.compare_exchange_strong(due, at + 1000);
  }
  void Note(bool full) { full_ = full; }
  bool full() const { return full_; }

 private:
  std::atomic<int64_t> due_{0};
  std::atomic<bool> full_{false};
};

}  // namespace pennypost::ingress
