#pragma once
// New connections a minute from one address.

#include <absl/time/time.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace pennypost::ingress {

// Counts in windows of one minute; memory is bounded by forgetting everything at a new window or at
// too many addresses. Thread-safe.
class ConnectRate {
 public:
  explicit ConnectRate(uint32_t per_minute) : per_minute_(per_minute) {}

  // False if this connection is over the limit.
  bool Admit(const std::string& key, absl::Time now) {
    constexpr size_t kMaxAddresses = 100'000;
    int64_t minute = absl::ToUnixSeconds(now) / 60;
    std::lock_guard lock(mutex_);
    if (minute != minute_ || counts_.size() > kMaxAddresses) {
      counts_.clear();
      minute_ = minute;
    }
    return ++counts_[key] <= per_minute_;
  }

 private:
  const uint32_t per_minute_;
  std::mutex mutex_;
  int64_t minute_ = 0;
  std::unordered_map<std::string, uint32_t> counts_;
};

}  // namespace pennypost::ingress
