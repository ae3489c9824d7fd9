#pragma once
// Questions to a set of a client that names messages by UID.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "imap/command.h"

namespace pennypost::imap {

// Whether numbers are in a set; its cost is that of the set once, and little a question.
class NumberSetIndex {
 public:
  // `star` is what "*" means. A saved result ("$") holds no number here.
  NumberSetIndex(const NumberSet& set, uint32_t star);
  bool Contains(uint32_t number) const;
  // What the set and a range have in common, ascending, apart.
  std::vector<NumberRange> Within(uint32_t first, uint32_t last) const;

 private:
  std::vector<NumberRange> ranges_;  // ascending, apart
};

// The indexes [begin, end) that a piece takes of a result of `count`.
struct IndexRange {
  size_t begin = 0;
  size_t end = 0;
};
IndexRange PieceOf(const Partial& partial, size_t count);

// RFC 7162 3.2.5.2: the highest UID up to which the client's sample agrees with the mailbox, whose
// UIDs are `uids`, ascending; 0 if nowhere.
uint32_t AgreedUid(const Resync& resync, const std::vector<uint32_t>& uids);

}  // namespace pennypost::imap
