#pragma once
// Bytes of message bodies that all who share a budget hold at once (ROBUSTNESS 2.8): no credit, no
// reading.
//
// Bodies grow while they are read, so many at once may share out the whole budget with none of them
// complete. A reserve keeps that from lasting: one of those who wait, the senior, may use it too,
// until its body is done.

#include <atomic>
#include <cstdint>
#include <utility>

namespace pennypost {

// Thread-safe.
class BodyBudget {
 public:
  // `reserve`: what the largest body takes; at most half of the budget is held back for it.
  explicit BodyBudget(uint64_t bytes, uint64_t reserve = 0)
      : free_(static_cast<int64_t>(bytes)),
        reserve_(static_cast<int64_t>(reserve < bytes / 2 ? reserve : bytes / 2)) {}

  bool TryTake(uint64_t bytes, bool is_senior = false) {
    auto wanted = static_cast<int64_t>(bytes);
    if (free_.fetch_sub(wanted) >= wanted + (is_senior ? 0 : reserve_)) return true;
    free_.fetch_add(wanted);
    return false;
  }
  void GiveBack(uint64_t bytes) { free_.fetch_add(static_cast<int64_t>(bytes)); }
  int64_t free() const { return free_.load(); }

  bool BecomeSenior() { return !has_senior_.exchange(true); }
  void NoSenior() { has_senior_ = false; }

 private:
  std::atomic<int64_t> free_;
  const int64_t reserve_;
  std::atomic<bool> has_senior_{false};
};

// What one body has taken; given back when it ends.
class BodyLease {
 public:
  explicit BodyLease(BodyBudget& budget) : budget_(budget) {}
  ~BodyLease() { Release(); }
  BodyLease(const BodyLease&) = delete;
  BodyLease& operator=(const BodyLease&) = delete;

  bool Extend(uint64_t bytes) {
    if (!budget_.TryTake(bytes, senior_)) return false;
    held_ += bytes;
    return true;
  }
  // The same, by whoever has waited: with the reserve, if nobody else uses it.
  bool ExtendAfterWait(uint64_t bytes) {
    if (!senior_) senior_ = budget_.BecomeSenior();
    return Extend(bytes);
  }
  void Release() {
    budget_.GiveBack(std::exchange(held_, 0));
    if (std::exchange(senior_, false)) budget_.NoSenior();
  }
  uint64_t held() const { return held_; }
  bool empty() const { return held_ == 0 && !senior_; }

 private:
  BodyBudget& budget_;
  uint64_t held_ = 0;
  bool senior_ = false;
};

}  // namespace pennypost
