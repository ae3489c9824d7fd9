#include "services/mailbox/core/search.h"

#include <absl/time/civil_time.h>

#include <algorithm>

#include "base/text.h"
#include "services/mailbox/core/search_match.h"

namespace pennypost::mailbox {
namespace {

using Key = v1::SearchKey;

constexpr int kMaxDepth = 50;
constexpr int kMaxNodes = 1000;
// Loaded at once: so many messages, and no more after so many bytes.
constexpr size_t kStepMessages = 500;
constexpr uint64_t kStepBytes = 4 << 20;
// The index is asked where it spares reading more than a few messages, so many times at most.
constexpr size_t kWorthNarrowing = 8;
constexpr size_t kMostQuestions = 16;

absl::Status CheckShape(const Key& key, int depth, int& nodes) {
  if (depth > kMaxDepth || ++nodes > kMaxNodes) {
    return MakeError(absl::StatusCode::kInvalidArgument, Reason::kTooBig,
                     "the search is too large");
  }
  for (const Key& child : key.children()) RETURN_IF_ERROR(CheckShape(child, depth + 1, nodes));
  return absl::OkStatus();
}

bool UsesFuzzy(const Key& key) {
  return key.fuzzy() || std::any_of(key.children().begin(), key.children().end(), UsesFuzzy);
}

// What of the words of a key the index can be asked about: all of it must be there.
std::vector<std::vector<search::Gram>> QuestionsOf(const PreparedKey& key) {
  std::vector<std::string> pieces =
      key.words ? key.words->Pieces() : std::vector<std::string>{key.folded};
  std::vector<std::vector<search::Gram>> questions;
  for (const std::string& piece : pieces) {
    std::vector<search::Gram> grams = search::GramsOf(piece);
    if (!grams.empty()) questions.push_back(std::move(grams));
  }
  return questions;
}

absl::Status Narrow(const Narrower& may_hold, PreparedKeys& prepared) {
  size_t asked = 0;
  for (auto& [key, words] : prepared) {
    for (const std::vector<search::Gram>& grams : QuestionsOf(words)) {
      if (++asked > kMostQuestions) return absl::OkStatus();
      ASSIGN_OR_RETURN(std::vector<uint32_t> uids, may_hold(grams));
      std::sort(uids.begin(), uids.end());
      if (words.may_match) {
        std::vector<uint32_t> both;
        std::set_intersection(uids.begin(), uids.end(), words.may_match->begin(),
                              words.may_match->end(), std::back_inserter(both));
        uids = std::move(both);
      }
      words.may_match = std::move(uids);
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<int32_t> SentDay(std::string_view date) {
  // [day-name ","] day month year (RFC 5322 3.3, with the two-digit years of 4.3).
  size_t comma = date.find(',');
  if (comma != std::string_view::npos) date = date.substr(comma + 1);
  std::vector<std::string_view> words;
  for (std::string_view word : Split(Trim(date), ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  if (words.size() < 3) return std::nullopt;
  auto day = ParseUint(words[0]);
  auto year = ParseUint(words[2]);
  constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
  int month = 0;
  for (int i = 0; i < 12; ++i) {
    if (EqualsIgnoreCase(words[1].substr(0, 3), kMonths[i])) month = i + 1;
  }
  if (!day || !year || month == 0 || *day == 0 || *day > 31 || *year > 9999) return std::nullopt;
  if (*year < 50) *year += 2000;
  if (*year < 1000) *year += 1900;
  return static_cast<int32_t>(
      absl::CivilDay(static_cast<int64_t>(*year), month, static_cast<int>(*day)) -
      absl::CivilDay(1970));
}

absl::StatusOr<std::vector<MessageRow>> Search(const v1::SearchKey& key,
                                               const std::vector<MessageRow>& rows, absl::Time now,
                                               const Loader& load, const Narrower& may_hold) {
  int nodes = 0;
  RETURN_IF_ERROR(CheckShape(key, 0, nodes));
  PreparedKeys prepared;
  PrepareKeys(key, prepared);
  bool fuzzy = UsesFuzzy(key);
  std::map<uint32_t, MessageRow> found;
  auto decide = [&](const std::vector<const MessageRow*>& undecided) {
    std::vector<const MessageRow*> open;
    for (const MessageRow* row : undecided) {
      auto matches = Candidate(*row, now, Cost::kRow, nullptr, prepared).Matches(key);
      if (!matches) open.push_back(row);
      if (matches == true) {
        found[row->uid] = *row;
        // What it is without its content: no fuzzy key had to be asked.
        if (fuzzy) found[row->uid].relevancy = 1;
      }
    }
    return open;
  };
  std::vector<const MessageRow*> open;
  for (const MessageRow& row : rows) open.push_back(&row);
  open = decide(open);
  if (may_hold && open.size() > kWorthNarrowing) {
    RETURN_IF_ERROR(Narrow(may_hold, prepared));
    open = decide(open);
  }
  Cost cost = CostOf(key);
  Store::Want want;
  want.header = cost == Cost::kHeader;
  want.content = cost == Cost::kContent;
  for (size_t at = 0; at < open.size();) {
    std::map<uint32_t, const MessageRow*> step;
    std::vector<uint32_t> uids;
    uint64_t bytes = 0;
    for (; at < open.size() && uids.size() < kStepMessages && bytes < kStepBytes; ++at) {
      step[open[at]->uid] = open[at];
      uids.push_back(open[at]->uid);
      if (want.content) bytes += open[at]->size;
    }
    ASSIGN_OR_RETURN(auto contents, load(uids, want));
    for (const MessageContent& content : contents) {
      const MessageRow* row = step[content.uid];
      Candidate candidate(*row, now, cost, &content, prepared);
      if (candidate.Matches(key) != true) continue;
      found[row->uid] = *row;
      if (fuzzy) found[row->uid].relevancy = candidate.Relevancy(key);
    }
  }
  std::vector<MessageRow> result;
  for (auto& [uid, row] : found) result.push_back(std::move(row));
  return result;
}

}  // namespace pennypost::mailbox
