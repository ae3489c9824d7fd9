#include "imap/number_set.h"

#include <algorithm>

namespace pennypost::imap {
namespace {

// The numbers of ascending ranges one by one.
class Walk {
 public:
  explicit Walk(const NumberSet& set) : ranges_(set.ranges) {
    if (!ranges_.empty()) number_ = ranges_[0].first;
  }
  bool done() const { return at_ == ranges_.size(); }
  uint32_t number() const { return number_; }
  void Step() {
    if (number_++ == ranges_[at_].last && ++at_ < ranges_.size()) number_ = ranges_[at_].first;
  }

 private:
  const std::vector<NumberRange>& ranges_;
  size_t at_ = 0;
  uint32_t number_ = 0;
};

}  // namespace

NumberSetIndex::NumberSetIndex(const NumberSet& set, uint32_t star) {
  std::vector<NumberRange> sorted;
  for (NumberRange range : set.ranges) {
    if (range.first == kStar) range.first = star;
    if (range.last == kStar) range.last = star;
    if (range.first > range.last) std::swap(range.first, range.last);
    sorted.push_back(range);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const NumberRange& a, const NumberRange& b) { return a.first < b.first; });
  for (const NumberRange& range : sorted) {
    if (!ranges_.empty() && range.first <= ranges_.back().last) {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    } else {
      ranges_.push_back(range);
    }
  }
}

std::vector<NumberRange> NumberSetIndex::Within(uint32_t first, uint32_t last) const {
  std::vector<NumberRange> common;
  for (const NumberRange& range : ranges_) {
    NumberRange both{std::max(first, range.first), std::min(last, range.last)};
    if (both.first <= both.last) common.push_back(both);
  }
  return common;
}

bool NumberSetIndex::Contains(uint32_t number) const {
  auto after = std::upper_bound(
      ranges_.begin(), ranges_.end(), number,
      [](uint32_t value, const NumberRange& range) { return value < range.first; });
  return after != ranges_.begin() && number <= (after - 1)->last;
}

IndexRange PieceOf(const Partial& partial, size_t count) {
  size_t low = std::min<size_t>(std::min(partial.first, partial.last) - 1, count);
  size_t high = std::min<size_t>(std::max(partial.first, partial.last), count);
  if (partial.from_end) return {count - high, count - low};
  return {low, high};
}

uint32_t AgreedUid(const Resync& resync, const std::vector<uint32_t>& uids) {
  uint32_t agreed = 0;
  Walk numbers(resync.sample_numbers);
  Walk known(resync.sample_uids);
  while (!numbers.done() && !known.done() && numbers.number() <= uids.size()) {
    if (uids[numbers.number() - 1] == known.number()) agreed = known.number();
    numbers.Step();
    known.Step();
  }
  return agreed;
}

}  // namespace pennypost::imap
