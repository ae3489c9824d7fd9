#pragma once
// Which messages were found to fit their checksum a while ago: a large one is read in many pieces,
// and hashing all of it for each would cost the square of its size.

#include <absl/time/clock.h>
#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <tuple>

namespace pennypost::mailbox {

class Verified {
 public:
  using Key = std::tuple<int64_t, int64_t, int64_t>;  // account, mailbox, UID

  bool Contains(const Key& key) {
    std::lock_guard lock(mutex_);
    auto at = until_.find(key);
    return at != until_.end() && at->second > absl::Now();
  }
  void Add(const Key& key) {
    std::lock_guard lock(mutex_);
    if (until_.size() >= kMost) until_.clear();
    until_[key] = absl::Now() + kFor;
  }

 private:
  static constexpr size_t kMost = 1000;
  static constexpr absl::Duration kFor = absl::Minutes(5);
  std::mutex mutex_;
  std::map<Key, absl::Time> until_;
};

}  // namespace pennypost::mailbox
