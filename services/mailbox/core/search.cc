#include "services/mailbox/core/search.h"

#include <absl/time/civil_time.h>
#include <unicode/unistr.h>

#include "base/text.h"
#include "mail/header.h"
#include "mime/encoded_word.h"
#include "mime/structure.h"
#include "mime/text.h"
#include "services/mailbox/core/flags.h"

namespace pennypost::mailbox {
namespace {

using Key = v1::SearchKey;

constexpr int kMaxDepth = 50;
constexpr int kMaxNodes = 1000;
// Loaded at once: so many messages, and no more after so many bytes.
constexpr size_t kStepMessages = 500;
constexpr uint64_t kStepBytes = 4 << 20;

// What a key needs to know about a message.
enum class Cost { kRow, kHeader, kContent };

Cost CostOf(const Key& key) {
  Cost cost = Cost::kRow;
  switch (key.op()) {
    case Key::OP_HEADER:
    case Key::OP_SENT_BEFORE:
    case Key::OP_SENT_ON:
    case Key::OP_SENT_SINCE:
    case Key::OP_EMAIL_ID:
    case Key::OP_THREAD_ID:
    case Key::OP_SAVED_BEFORE:
    case Key::OP_SAVED_ON:
    case Key::OP_SAVED_SINCE:
      cost = Cost::kHeader;
      break;
    case Key::OP_BODY:
    case Key::OP_TEXT:
      cost = Cost::kContent;
      break;
    default:
      break;
  }
  for (const Key& child : key.children()) cost = std::max(cost, CostOf(child));
  return cost;
}

absl::Status CheckShape(const Key& key, int depth, int& nodes) {
  if (depth > kMaxDepth || ++nodes > kMaxNodes) {
    return MakeError(absl::StatusCode::kInvalidArgument, Reason::kTooBig,
                     "the search is too large");
  }
  for (const Key& child : key.children()) RETURN_IF_ERROR(CheckShape(child, depth + 1, nodes));
  return absl::OkStatus();
}

// For comparison without case in any script (RFC 5255 i;unicode-casemap in effect).
std::string Fold(std::string_view text) {
  if (IsAscii(text)) return ToLower(text);
  std::string out;
  icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())))
      .foldCase()
      .toUTF8String(out);
  return out;
}

bool Contains(std::string_view folded_text, const std::string& words) {
  return folded_text.find(Fold(words)) != std::string_view::npos;
}

int32_t DayOf(absl::Time time) {
  return static_cast<int32_t>(absl::ToCivilDay(time, absl::UTCTimeZone()) - absl::CivilDay(1970));
}

// One message and what was loaded of it.
class Candidate {
 public:
  Candidate(const MessageRow& row, absl::Time now, Cost known, const MessageContent* content)
      : row_(row), now_(now), known_(known), content_(content) {}

  // nullopt: it depends on what is not loaded.
  std::optional<bool> Matches(const Key& key) const {
    switch (key.op()) {
      case Key::OP_ALL:
        return true;
      case Key::OP_AND:
        return All(key);
      case Key::OP_OR:
        return Any(key);
      case Key::OP_NOT: {
        auto inner = key.children().empty() ? std::optional<bool>(false) : Matches(key.children(0));
        return inner ? std::optional<bool>(!*inner) : std::nullopt;
      }
      case Key::OP_FLAG:
        return HasFlag(row_.flags, key.text());
      case Key::OP_UIDS:
        return InRanges(key);
      case Key::OP_BEFORE:
        return DayOf(row_.internal_date) < key.date();
      case Key::OP_ON:
        return DayOf(row_.internal_date) == key.date();
      case Key::OP_SINCE:
        return DayOf(row_.internal_date) >= key.date();
      case Key::OP_LARGER:
        return row_.size > key.number();
      case Key::OP_SMALLER:
        return row_.size < key.number();
      case Key::OP_MODSEQ:
        return row_.modseq >= key.number();
      case Key::OP_OLDER:
        return row_.internal_date <= now_ - absl::Seconds(key.number());
      case Key::OP_YOUNGER:
        return row_.internal_date >= now_ - absl::Seconds(key.number());
      case Key::OP_SENT_BEFORE:
      case Key::OP_SENT_ON:
      case Key::OP_SENT_SINCE:
        return known_ >= Cost::kHeader ? std::optional<bool>(MatchesSent(key)) : std::nullopt;
      case Key::OP_EMAIL_ID:
      case Key::OP_THREAD_ID:
      case Key::OP_SAVED_BEFORE:
      case Key::OP_SAVED_ON:
      case Key::OP_SAVED_SINCE:
        return known_ >= Cost::kHeader ? std::optional<bool>(MatchesRecord(key)) : std::nullopt;
      case Key::OP_HEADER:
        return known_ >= Cost::kHeader ? std::optional<bool>(MatchesHeader(key)) : std::nullopt;
      case Key::OP_BODY:
      case Key::OP_TEXT:
        return known_ >= Cost::kContent ? std::optional<bool>(MatchesText(key)) : std::nullopt;
      default:
        return false;
    }
  }

 private:
  std::optional<bool> All(const Key& key) const {
    bool open = false;
    for (const Key& child : key.children()) {
      auto matches = Matches(child);
      if (matches == false) return false;
      open = open || !matches;
    }
    return open ? std::nullopt : std::optional<bool>(true);
  }

  std::optional<bool> Any(const Key& key) const {
    bool open = false;
    for (const Key& child : key.children()) {
      auto matches = Matches(child);
      if (matches == true) return true;
      open = open || !matches;
    }
    return open ? std::nullopt : std::optional<bool>(false);
  }

  bool InRanges(const Key& key) const {
    for (const auto& range : key.ranges()) {
      if (row_.uid >= range.first() && row_.uid <= range.last()) return true;
    }
    return false;
  }

  std::string_view Header() const {
    return content_->header.empty() ? content_->content : content_->header;
  }

  // What the store knows of a message beside its row.
  bool MatchesRecord(const Key& key) const {
    if (key.op() == Key::OP_EMAIL_ID) return content_->email_id == key.text();
    if (key.op() == Key::OP_THREAD_ID) return content_->thread_id == key.text();
    int32_t day = DayOf(content_->save_date);
    if (key.op() == Key::OP_SAVED_BEFORE) return day < key.date();
    return key.op() == Key::OP_SAVED_ON ? day == key.date() : day >= key.date();
  }

  bool MatchesSent(const Key& key) const {
    mail::HeaderBlock block = mail::ParseHeaderBlock(Header());
    const auto* field = block.Find("Date");
    auto day = field == nullptr ? std::nullopt : SentDay(mail::Unfold(field->value));
    if (!day) return false;
    if (key.op() == Key::OP_SENT_BEFORE) return *day < key.date();
    return key.op() == Key::OP_SENT_ON ? *day == key.date() : *day >= key.date();
  }

  bool MatchesHeader(const Key& key) const {
    mail::HeaderBlock block = mail::ParseHeaderBlock(Header());
    for (const auto& field : block.fields) {
      if (!EqualsIgnoreCase(field.name, key.header())) continue;
      if (key.text().empty() || Contains(Fold(mime::DecodeHeader(field.value)), key.text()))
        return true;
    }
    return false;
  }

  bool MatchesText(const Key& key) const {
    mime::Structure structure = mime::ParseStructure(content_->content);
    if (key.op() == Key::OP_TEXT) {
      mail::HeaderBlock block = mail::ParseHeaderBlock(content_->content);
      for (const auto& field : block.fields) {
        std::string line = fmt::format("{}: {}", field.name, mime::DecodeHeader(field.value));
        if (Contains(Fold(line), key.text())) return true;
      }
    }
    constexpr size_t kAllText = 64 << 20;
    return Contains(Fold(mime::ExtractText(content_->content, structure, kAllText)), key.text());
  }

  const MessageRow& row_;
  absl::Time now_;
  Cost known_;
  const MessageContent* content_;
};

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
                                               const Loader& load) {
  int nodes = 0;
  RETURN_IF_ERROR(CheckShape(key, 0, nodes));
  std::vector<const MessageRow*> open;
  std::map<uint32_t, const MessageRow*> found;
  for (const MessageRow& row : rows) {
    auto matches = Candidate(row, now, Cost::kRow, nullptr).Matches(key);
    if (!matches) open.push_back(&row);
    if (matches == true) found[row.uid] = &row;
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
      if (Candidate(*row, now, cost, &content).Matches(key) == true) found[row->uid] = row;
    }
  }
  std::vector<MessageRow> result;
  for (const auto& [uid, row] : found) result.push_back(*row);
  return result;
}

}  // namespace pennypost::mailbox
