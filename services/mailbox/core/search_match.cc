#include "services/mailbox/core/search_match.h"

#include <absl/time/civil_time.h>

#include <algorithm>

#include "base/text.h"
#include "mail/header.h"
#include "mime/structure.h"
#include "search/document.h"
#include "search/fold.h"
#include "services/mailbox/core/flags.h"
#include "services/mailbox/core/search.h"

namespace pennypost::mailbox {
namespace {

using Key = v1::SearchKey;
using Hits = std::vector<search::FuzzyWords::Hits>;

// Fuzzy words are looked for in so much of a message.
constexpr size_t kMostFuzzyText = 1 << 20;
// RFC 6203 4: what people put into a header tells more than what stands in a text.
constexpr uint32_t kExactInHeader = 100, kFormInHeader = 85, kExactInBody = 60, kFormInBody = 40;
constexpr size_t kMostForCount = 10;  // more for words that come often

bool LooksForWords(Key::Op op) {
  return op == Key::OP_HEADER || op == Key::OP_BODY || op == Key::OP_TEXT;
}

bool Contains(std::string_view folded_text, std::string_view folded_words) {
  return folded_text.find(folded_words) != std::string_view::npos;
}

int32_t DayOf(absl::Time time) {
  return static_cast<int32_t>(absl::ToCivilDay(time, absl::UTCTimeZone()) - absl::CivilDay(1970));
}

uint32_t ScoreOf(const Hits& header, const Hits& body) {
  uint32_t sum = 0;
  for (size_t i = 0; i < header.size(); ++i) {
    size_t count = header[i].count + body[i].count;
    if (count == 0) return 0;
    uint32_t score = header[i].exact       ? kExactInHeader
                     : header[i].count > 0 ? kFormInHeader
                     : body[i].exact       ? kExactInBody
                                           : kFormInBody;
    sum +=
        std::min<uint32_t>(100, score + static_cast<uint32_t>(std::min(count - 1, kMostForCount)));
  }
  return std::max<uint32_t>(1, sum / static_cast<uint32_t>(header.size()));
}

}  // namespace

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

void PrepareKeys(const Key& key, PreparedKeys& prepared) {
  if (LooksForWords(key.op())) {
    PreparedKey& made = prepared[&key];
    made.folded = search::Fold(key.text());
    // Without a word in it (RFC 6203 5) it is matched exactly.
    if (key.fuzzy()) made.words.emplace(made.folded);
    if (made.words && made.words->size() == 0) made.words.reset();
  }
  for (const Key& child : key.children()) PrepareKeys(child, prepared);
}

std::optional<bool> Candidate::Matches(const Key& key) const {
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
    case Key::OP_BODY:
    case Key::OP_TEXT:
      return MatchesWords(key);
    default:
      return false;
  }
}

std::optional<bool> Candidate::All(const Key& key) const {
  bool open = false;
  for (const Key& child : key.children()) {
    auto matches = Matches(child);
    if (matches == false) return false;
    open = open || !matches;
  }
  return open ? std::nullopt : std::optional<bool>(true);
}

std::optional<bool> Candidate::Any(const Key& key) const {
  bool open = false;
  for (const Key& child : key.children()) {
    auto matches = Matches(child);
    if (matches == true) return true;
    open = open || !matches;
  }
  return open ? std::nullopt : std::optional<bool>(false);
}

bool Candidate::InRanges(const Key& key) const {
  for (const auto& range : key.ranges()) {
    if (row_.uid >= range.first() && row_.uid <= range.last()) return true;
  }
  return false;
}

std::string_view Candidate::Header() const {
  return content_->header.empty() ? content_->content : content_->header;
}

// What the store knows of a message beside its row.
bool Candidate::MatchesRecord(const Key& key) const {
  if (key.op() == Key::OP_EMAIL_ID) return content_->email_id == key.text();
  if (key.op() == Key::OP_THREAD_ID) return content_->thread_id == key.text();
  int32_t day = DayOf(content_->save_date);
  if (key.op() == Key::OP_SAVED_BEFORE) return day < key.date();
  return key.op() == Key::OP_SAVED_ON ? day == key.date() : day >= key.date();
}

bool Candidate::MatchesSent(const Key& key) const {
  mail::HeaderBlock block = mail::ParseHeaderBlock(Header());
  const auto* field = block.Find("Date");
  auto day = field == nullptr ? std::nullopt : SentDay(mail::Unfold(field->value));
  if (!day) return false;
  if (key.op() == Key::OP_SENT_BEFORE) return *day < key.date();
  return key.op() == Key::OP_SENT_ON ? *day == key.date() : *day >= key.date();
}

std::optional<bool> Candidate::MatchesWords(const Key& key) const {
  const PreparedKey& prepared = prepared_.at(&key);
  if (prepared.may_match &&
      !std::binary_search(prepared.may_match->begin(), prepared.may_match->end(), row_.uid))
    return false;
  bool header = key.op() == Key::OP_HEADER;
  if (known_ < (header ? Cost::kHeader : Cost::kContent)) return std::nullopt;
  if (prepared.words) return Score(key, *prepared.words) > 0;
  return header ? MatchesHeader(key, prepared) : MatchesText(key, prepared);
}

bool Candidate::MatchesHeader(const Key& key, const PreparedKey& prepared) const {
  mail::HeaderBlock block = mail::ParseHeaderBlock(Header());
  for (const auto& field : block.fields) {
    if (!EqualsIgnoreCase(field.name, key.header())) continue;
    if (prepared.folded.empty() || Contains(search::HeaderValue(field), prepared.folded))
      return true;
  }
  return false;
}

bool Candidate::MatchesText(const Key& key, const PreparedKey& prepared) const {
  if (key.op() == Key::OP_TEXT) {
    mail::HeaderBlock block = mail::ParseHeaderBlock(content_->content);
    for (const auto& field : block.fields) {
      if (Contains(search::HeaderLine(field), prepared.folded)) return true;
    }
  }
  return Contains(Body(), prepared.folded);
}

const std::string& Candidate::Body() const {
  if (!body_) body_ = search::BodyText(content_->content, mime::ParseStructure(content_->content));
  return *body_;
}

uint32_t Candidate::Score(const Key& key, const search::FuzzyWords& words) const {
  Hits in_header(words.size()), in_body(words.size());
  if (key.op() != Key::OP_BODY) {
    mail::HeaderBlock block = mail::ParseHeaderBlock(Header());
    for (const auto& field : block.fields) {
      if (key.op() == Key::OP_TEXT)
        words.Count(search::Plain(search::HeaderLine(field)), in_header);
      if (key.op() == Key::OP_HEADER && EqualsIgnoreCase(field.name, key.header()))
        words.Count(search::Plain(search::HeaderValue(field)), in_header);
    }
  }
  if (key.op() != Key::OP_HEADER) {
    if (!plain_body_)
      plain_body_ = search::Plain(std::string_view(Body()).substr(0, kMostFuzzyText));
    words.Count(*plain_body_, in_body);
  }
  return ScoreOf(in_header, in_body);
}

uint32_t Candidate::Relevancy(const Key& key) const {
  return std::max<uint32_t>(1, Weigh(key));
}

// 0: no fuzzy key had a part in it.
uint32_t Candidate::Weigh(const Key& key) const {
  if (LooksForWords(key.op())) {
    const PreparedKey& prepared = prepared_.at(&key);
    bool known = known_ >= (key.op() == Key::OP_HEADER ? Cost::kHeader : Cost::kContent);
    return prepared.words && known ? Score(key, *prepared.words) : 0;
  }
  uint32_t most = 0, sum = 0, count = 0;
  for (const Key& child : key.children()) {
    uint32_t weight = Weigh(child);
    most = std::max(most, weight);
    sum += weight;
    count += weight > 0 ? 1 : 0;
  }
  if (key.op() == Key::OP_OR) return most;
  return key.op() == Key::OP_AND && count > 0 ? sum / count : 0;
}

}  // namespace pennypost::mailbox
