#pragma once
// How many refusals a process writes into the history: whoever sprays made-up recipients must not
// fill the database with what was refused to him (ROBUSTNESS S14).

#include <absl/time/time.h>

#include <algorithm>
#include <mutex>

namespace pennypost::ingress {

// A bucket of kBurst that fills by kPerSecond. Thread-safe.
class RefusalBudget {
 public:
  static constexpr double kBurst = 500;
  static constexpr double kPerSecond = 10;

  bool Take(absl::Time now) {
    std::lock_guard lock(mutex_);
    double gained = std::max(absl::ToDoubleSeconds(now - filled_at_), 0.0) * kPerSecond;
    left_ = std::min(left_ + gained, kBurst);
    filled_at_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  std::mutex mutex_;
  double left_ = kBurst;
  absl::Time filled_at_ = absl::UnixEpoch();
};

}  // namespace pennypost::ingress
