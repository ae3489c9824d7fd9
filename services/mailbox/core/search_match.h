#pragma once
// Whether one message fits a key of a search, and how well.

#include <map>
#include <optional>

#include "search/words.h"
#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

// What a key needs to know about a message.
enum class Cost { kRow, kHeader, kContent };
Cost CostOf(const v1::SearchKey& key);

// Of a key that looks for words, made once for all messages.
struct PreparedKey {
  std::string folded;
  std::optional<search::FuzzyWords> words;  // of a fuzzy key
  // Ascending UIDs of the messages that may match: it is certain of the others that they do not.
  std::optional<std::vector<uint32_t>> may_match;
};
using PreparedKeys = std::map<const v1::SearchKey*, PreparedKey>;
// All keys below that look for words.
void PrepareKeys(const v1::SearchKey& key, PreparedKeys& prepared);

// One message and what was loaded of it.
class Candidate {
 public:
  // `content` may be nullptr with Cost::kRow.
  Candidate(const MessageRow& row, absl::Time now, Cost known, const MessageContent* content,
            const PreparedKeys& prepared)
      : row_(row), now_(now), known_(known), content_(content), prepared_(prepared) {}

  // nullopt: it depends on what is not loaded.
  std::optional<bool> Matches(const v1::SearchKey& key) const;
  // From 1 to 100, of one that matches (RFC 6203 4). 1 where no fuzzy key had a part in it.
  uint32_t Relevancy(const v1::SearchKey& key) const;

 private:
  using Key = v1::SearchKey;
  std::optional<bool> All(const Key& key) const;
  std::optional<bool> Any(const Key& key) const;
  bool InRanges(const Key& key) const;
  std::string_view Header() const;
  bool MatchesRecord(const Key& key) const;
  bool MatchesSent(const Key& key) const;
  std::optional<bool> MatchesWords(const Key& key) const;
  bool MatchesHeader(const Key& key, const PreparedKey& prepared) const;
  bool MatchesText(const Key& key, const PreparedKey& prepared) const;
  // 0: no match.
  uint32_t Score(const Key& key, const search::FuzzyWords& words) const;
  uint32_t Weigh(const Key& key) const;
  const std::string& Body() const;

  const MessageRow& row_;
  absl::Time now_;
  Cost known_;
  const MessageContent* content_;
  const PreparedKeys& prepared_;
  // Decoded once, however many keys ask.
  mutable std::optional<std::string> body_;
  mutable std::optional<std::string> plain_body_;
};

}  // namespace pennypost::mailbox
