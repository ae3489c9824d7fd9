#include "imap/response.h"

#include <optional>

#include "base/text.h"

namespace pennypost::imap {
namespace {

constexpr size_t kMaxText = 16 << 20;  // of a response without its literals: a SEARCH of a million
constexpr size_t kMaxValues = 2'000'000;
constexpr size_t kMaxDepth = 50;

constexpr std::string_view kStatuses[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};

// The literal that a line announces at its end, RFC 9051 9 literal and literal8.
std::optional<size_t> AnnouncedLiteral(std::string_view line) {
  if (!line.ends_with('}')) return std::nullopt;
  size_t open = line.rfind('{');
  if (open == std::string_view::npos) return std::nullopt;
  auto size = ParseUint(line.substr(open + 1, line.size() - open - 2));
  if (!size) return std::nullopt;
  return static_cast<size_t>(*size);
}

std::string_view FirstWord(std::string_view text) {
  return text.substr(0, text.find(' '));
}

std::string StatusOf(std::string_view text) {
  size_t space = text.find(' ');
  if (space == std::string_view::npos) return "";
  std::string_view word = FirstWord(text.substr(space + 1));
  for (std::string_view status : kStatuses) {
    if (EqualsIgnoreCase(word, status)) return std::string(status);
  }
  return "";
}

// Whether its end is words for people, in which "{5}" means nothing.
bool EndsInText(std::string_view text) {
  return text.starts_with('+') || !StatusOf(text).empty();
}

class Parser {
 public:
  Parser(std::string_view text, std::vector<std::string>& literals)
      : text_(text), literals_(literals) {}

  // Values up to ")" or the end; false for what is none.
  bool Values(size_t depth, std::vector<ResponseValue>* out) {
    for (;;) {
      while (at_ < text_.size() && text_[at_] == ' ') ++at_;
      if (at_ == text_.size() || text_[at_] == ')') return true;
      if (++count_ > kMaxValues) return false;
      ResponseValue value;
      if (!Value(depth, &value)) return false;
      out->push_back(std::move(value));
    }
  }
  bool AtEnd() const { return at_ == text_.size(); }

 private:
  using Kind = ResponseValue::Kind;

  bool Value(size_t depth, ResponseValue* value) {
    char c = text_[at_];
    if (c == '~' && at_ + 1 < text_.size() && text_[at_ + 1] == '{') c = text_[++at_];
    if (c == '"') return Quoted(value);
    if (c == '{') return Literal(value);
    if (c != '(') return Atom(value);
    if (depth == kMaxDepth) return false;
    ++at_;
    value->kind = Kind::kList;
    if (!Values(depth + 1, &value->items) || AtEnd()) return false;
    ++at_;
    return true;
  }

  bool Quoted(ResponseValue* value) {
    value->kind = Kind::kString;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && ++at_ == text_.size()) return false;
      value->text.push_back(text_[at_]);
    }
    if (AtEnd()) return false;
    ++at_;
    return true;
  }

  bool Literal(ResponseValue* value) {
    size_t end = text_.find('}', at_);
    if (end == std::string_view::npos || next_literal_ == literals_.size()) return false;
    at_ = end + 1;
    value->kind = Kind::kString;
    value->text = std::move(literals_[next_literal_++]);
    return true;
  }

  // What stands in brackets belongs to it: BODY[HEADER.FIELDS (FROM)].
  bool Atom(ResponseValue* value) {
    size_t begin = at_;
    bool in_brackets = false;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '[') in_brackets = true;
      if (c == ']') in_brackets = false;
      if (!in_brackets && (c == ' ' || c == '(' || c == ')' || c == '"' || c == '{')) break;
    }
    value->text = std::string(text_.substr(begin, at_ - begin));
    if (value->Is("NIL")) value->kind = Kind::kNil;
    return at_ > begin;
  }

  std::string_view text_;
  std::vector<std::string>& literals_;
  size_t at_ = 0;
  size_t next_literal_ = 0;
  size_t count_ = 0;
};

void ReadStatus(std::string_view rest, ServerResponse* response) {
  if (rest.starts_with('[')) {
    size_t end = rest.find(']');
    if (end != std::string_view::npos) {
      response->code = std::string(rest.substr(1, end - 1));
      rest.remove_prefix(end + 1);
    }
  }
  response->text = std::string(Trim(rest));
}

}  // namespace

bool ResponseValue::Is(std::string_view atom) const {
  return (kind == Kind::kAtom || kind == Kind::kNil) && EqualsIgnoreCase(text, atom);
}

uint64_t ResponseValue::Number() const {
  return kind == Kind::kAtom ? ParseUint(text).value_or(0) : 0;
}

ResponseReader::Event ResponseReader::EndLine(std::string_view line) {
  text_ += line;
  if (text_.size() > kMaxText) return Fatal{"a response is too long"};
  std::optional<size_t> literal = EndsInText(text_) ? std::nullopt : AnnouncedLiteral(line);
  if (literal) {
    // Both are below the limit, so that the sum is no overflow.
    if (*literal > max_literal_ || literal_bytes_ + *literal > max_literal_)
      return Fatal{"a literal is too long"};
    literal_bytes_ += *literal;
    literal_ = *literal;
    in_literal_ = true;
    return NeedMore{};
  }
  ServerResponse response;
  response.tag = std::string(FirstWord(text_));
  response.status = StatusOf(text_);
  std::string_view rest = std::string_view(text_).substr(response.tag.size());
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  bool good = !response.tag.empty();
  if (!response.status.empty()) {
    rest.remove_prefix(response.status.size());
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    ReadStatus(rest, &response);
  } else if (response.tag == "+") {
    response.text = std::string(rest);
  } else {
    Parser parser(rest, literals_);
    good = good && parser.Values(0, &response.values) && parser.AtEnd();
  }
  text_.clear();
  literals_.clear();
  literal_bytes_ = 0;
  if (!good) return Fatal{"a response is malformed"};
  return response;
}

ResponseReader::Event ResponseReader::Next() {
  for (;;) {
    if (in_literal_) {
      if (buffer_.size() < literal_) return NeedMore{};
      literals_.push_back(buffer_.substr(0, literal_));
      buffer_.erase(0, literal_);
      in_literal_ = false;
      scanned_ = 0;
    }
    size_t lf = buffer_.find('\n', scanned_);
    if (lf == std::string::npos) {
      scanned_ = buffer_.size();
      if (text_.size() + buffer_.size() > kMaxText) return Fatal{"a response is too long"};
      return NeedMore{};
    }
    std::string line = buffer_.substr(0, lf);
    if (line.ends_with('\r')) line.pop_back();
    buffer_.erase(0, lf + 1);
    scanned_ = 0;
    Event event = EndLine(line);
    if (!in_literal_ || !std::holds_alternative<NeedMore>(event)) return event;
  }
}

}  // namespace pennypost::imap
