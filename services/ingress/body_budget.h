#pragma once
// Bytes of message bodies that all sessions hold at once (ROBUSTNESS 2.8): no credit, no reading.

#include <atomic>
#include <cstdint>
#include <utility>

namespace pennypost::ingress {

// Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(uint64_t bytes) : free_(static_cast<int64_t>(bytes)) {}

  bool TryTake(uint64_t bytes) {
    auto wanted = static_cast<int64_t>(bytes);
    if (free_.fetch_sub(wanted) >= wanted) return true;
    free_.fetch_add(wanted);
    return false;
  }
  void GiveBack(uint64_t bytes) { free_.fetch_add(static_cast<int64_t>(bytes)); }
  int64_t free() const { return free_.load(); }

 private:
  std::atomic<int64_t> free_;
};

// What one session has taken; given back when it ends.
class BodyLease {
 public:
  explicit BodyLease(BodyBudget& budget) : budget_(budget) {}
  ~BodyLease() { Release(); }
  BodyLease(const BodyLease&) = delete;
  BodyLease& operator=(const BodyLease&) = delete;

  bool Extend(uint64_t bytes) {
    if (!budget_.TryTake(bytes)) return false;
    held_ += bytes;
    return true;
  }
  void Release() { budget_.GiveBack(std::exchange(held_, 0)); }
  uint64_t held() const { return held_; }

 private:
  BodyBudget& budget_;
  uint64_t held_ = 0;
};

}  // namespace pennypost::ingress
