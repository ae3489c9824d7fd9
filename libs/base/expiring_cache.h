#pragma once
// What was found out a moment ago, each for its own time. Thread-safe.

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/text.h"

namespace pennypost {

template <class Value>
class ExpiringCache {
 public:
  // Holds entries whose costs sum up to `capacity` at most, in the unit of the caller.
  ExpiringCache(const Clock& clock, size_t capacity) : clock_(clock), capacity_(capacity) {}

  std::optional<Value> Find(std::string_view key) {
    std::lock_guard lock(mutex_);
    auto it = entries_.find(key);
    if (it == entries_.end()) return std::nullopt;
    if (it->second.until > clock_.Now()) return it->second.value;
    cost_ -= it->second.cost;
    entries_.erase(it);
    return std::nullopt;
  }

  // What costs more than a tenth of the capacity is not kept.
  void Put(std::string key, Value value, absl::Duration life, size_t cost = 1) {
    if (life <= absl::ZeroDuration() || cost > capacity_ / 10) return;
    absl::Time until = clock_.Now() + life;
    std::lock_guard lock(mutex_);
    auto [it, is_new] = entries_.try_emplace(std::move(key));
    if (!is_new) cost_ -= it->second.cost;
    it->second = {std::move(value), until, cost};
    cost_ += cost;
    if (cost_ <= capacity_) return;
    // What is here can be found out again: starting over is cheaper than keeping an order.
    auto newest = entries_.extract(it);
    entries_.clear();
    entries_.insert(std::move(newest));
    cost_ = cost;
  }

  void Clear() {
    std::lock_guard lock(mutex_);
    entries_.clear();
    cost_ = 0;
  }

 private:
  struct Entry {
    Value value{};
    absl::Time until;
    size_t cost = 0;
  };
  const Clock& clock_;
  const size_t capacity_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry, StringHash, std::equal_to<>> entries_;
  size_t cost_ = 0;
};

}  // namespace pennypost
