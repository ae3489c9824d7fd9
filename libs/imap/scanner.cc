#include "imap/scanner.h"

#include "base/status.h"
#include "base/text.h"
#include "imap/mailbox_name.h"

namespace pennypost::imap {
namespace {

// RFC 9051 9 atom-specials. 8-bit is refused: UTF-8 comes quoted or as a literal.
bool IsAtomChar(char c) {
  return c > 32 && c < 127 && std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
}
bool IsAStringChar(char c) {
  return IsAtomChar(c) || c == ']';
}
bool IsListChar(char c) {
  return IsAStringChar(c) || c == '%' || c == '*';
}
bool IsWordChar(char c) {
  return IsAlpha(c) || IsDigit(c) || c == '.' || c == '-' || c == '=';
}

template <typename Predicate>
std::string_view Take(std::string_view text, size_t& at, Predicate in) {
  size_t begin = at;
  while (at < text.size() && in(text[at])) ++at;
  return text.substr(begin, at - begin);
}

}  // namespace

absl::Status Scanner::Count() {
  if (++tokens_ > limits_.tokens) {
    return MakeError(absl::StatusCode::kInvalidArgument, Reason::kTooBig, "Too many arguments");
  }
  return absl::OkStatus();
}

bool Scanner::Eat(char c) {
  if (Peek() != c || AtEnd()) return false;
  ++at_;
  return true;
}

bool Scanner::EatWord(std::string_view word) {
  std::string_view rest = text_.substr(at_);
  if (!StartsWithIgnoreCase(rest, word)) return false;
  if (rest.size() > word.size() && IsWordChar(rest[word.size()])) return false;
  at_ += word.size();
  return true;
}

absl::Status Scanner::Expect(char c) {
  if (Eat(c)) return absl::OkStatus();
  if (c == ' ') return SyntaxError("Missing argument");
  return SyntaxError(std::string("Expected \"") + c + "\"");
}

absl::Status Scanner::ExpectEnd() const {
  return AtEnd() ? absl::OkStatus() : SyntaxError("Unexpected argument");
}

absl::StatusOr<std::string> Scanner::Tag() {
  std::string_view tag = Take(text_, at_, [](char c) { return IsAStringChar(c) && c != '+'; });
  if (tag.empty() || tag.size() > 100) return SyntaxError("Bad tag");
  return std::string(tag);
}

absl::StatusOr<std::string> Scanner::Atom() {
  RETURN_IF_ERROR(Count());
  std::string_view atom = Take(text_, at_, IsAtomChar);
  if (atom.empty()) return SyntaxError("Expected an atom");
  return std::string(atom);
}

absl::StatusOr<std::string> Scanner::Word() {
  RETURN_IF_ERROR(Count());
  std::string_view word = Take(text_, at_, IsWordChar);
  if (word.empty()) return SyntaxError("Expected a word");
  return ToUpper(word);
}

// RFC 9051 9 quoted: UTF-8 is taken as it is, with or without IMAP4rev2; clients send it.
absl::StatusOr<std::string> Scanner::Quoted() {
  std::string out;
  for (++at_; at_ < text_.size(); ++at_) {
    char c = text_[at_];
    if (c == '"') {
      ++at_;
      return out;
    }
    if (c == '\r' || c == '\n') break;
    if (c == '\\') {
      if (++at_ == text_.size()) break;
      c = text_[at_];
      if (c != '"' && c != '\\') break;
    }
    out.push_back(c);
  }
  return SyntaxError("Bad quoted string");
}

absl::StatusOr<std::pair<size_t, size_t>> Scanner::LiteralRange() {
  RETURN_IF_ERROR(Count());
  RETURN_IF_ERROR(Expect('{'));
  std::string_view digits = Take(text_, at_, IsDigit);
  Eat('+');
  auto size = ParseUint(digits);
  if (!size || !Eat('}')) return SyntaxError("Bad literal");
  // The lexer lets a line end in only behind a literal's announcement, so here its bytes follow for
  // certain.
  Eat('\r');
  if (!Eat('\n') || *size > text_.size() - at_) return SyntaxError("Bad literal");
  size_t begin = at_;
  at_ += static_cast<size_t>(*size);
  return std::pair<size_t, size_t>{begin, static_cast<size_t>(*size)};
}

absl::StatusOr<std::string> Scanner::Literal8() {
  auto range = LiteralRange();
  if (!range.ok()) return range.status();
  return std::string(text_.substr(range->first, range->second));
}

absl::StatusOr<std::string> Scanner::String() {
  if (Peek() == '"') {
    RETURN_IF_ERROR(Count());
    return Quoted();
  }
  if (Peek() != '{') return SyntaxError("Expected a string");
  auto range = LiteralRange();
  if (!range.ok()) return range.status();
  std::string_view bytes = text_.substr(range->first, range->second);
  // RFC 9051 4.3.1: NUL only in literal8.
  if (bytes.find('\0') != std::string_view::npos) return SyntaxError("NUL in literal");
  return std::string(bytes);
}

absl::StatusOr<std::string> Scanner::AString() {
  if (Peek() == '"' || Peek() == '{') return String();
  RETURN_IF_ERROR(Count());
  std::string_view atom = Take(text_, at_, IsAStringChar);
  if (atom.empty()) return SyntaxError("Expected a string or an atom");
  return std::string(atom);
}

absl::StatusOr<std::optional<std::string>> Scanner::NString() {
  if (EatWord("NIL")) return std::optional<std::string>();
  ASSIGN_OR_RETURN(std::string text, String());
  return std::optional<std::string>(std::move(text));
}

absl::StatusOr<uint64_t> Scanner::Number64() {
  RETURN_IF_ERROR(Count());
  auto number = ParseUint(Take(text_, at_, IsDigit));
  if (!number || *number > INT64_MAX) return SyntaxError("Bad number");
  return *number;
}

absl::StatusOr<uint32_t> Scanner::Number() {
  ASSIGN_OR_RETURN(uint64_t number, Number64());
  if (number > UINT32_MAX) return SyntaxError("Bad number");
  return static_cast<uint32_t>(number);
}

absl::StatusOr<std::string> Scanner::ObjectId() {
  RETURN_IF_ERROR(Count());
  std::string_view id =
      Take(text_, at_, [](char c) { return IsAlpha(c) || IsDigit(c) || c == '_' || c == '-'; });
  if (id.empty() || id.size() > 255) return SyntaxError("Bad object id");
  return std::string(id);
}

absl::StatusOr<std::string> Scanner::Mailbox() {
  ASSIGN_OR_RETURN(std::string name, AString());
  return names_ == NameForm::kUtf7 ? MailboxFromUtf7(name) : NormalizeMailbox(name);
}

absl::StatusOr<std::string> Scanner::ListPattern() {
  std::string pattern;
  if (Peek() == '"' || Peek() == '{') {
    ASSIGN_OR_RETURN(pattern, String());
  } else {
    RETURN_IF_ERROR(Count());
    pattern = Take(text_, at_, IsListChar);
    if (pattern.empty()) return SyntaxError("Expected a mailbox pattern");
  }
  // Matching costs the product of pattern and name.
  if (pattern.size() > 1000) return SyntaxError("Mailbox pattern too long");
  if (names_ == NameForm::kUtf7) {
    if (auto decoded = DecodeUtf7(pattern)) pattern = *decoded;
  }
  if (!IsUtf8(pattern)) return SyntaxError("Mailbox name is not UTF-8");
  return pattern;
}

absl::StatusOr<std::string> Scanner::Flag() {
  RETURN_IF_ERROR(Count());
  bool system = Eat('\\');
  std::string_view atom = Take(text_, at_, IsAtomChar);
  if (atom.empty() || atom.size() > 100) return SyntaxError("Bad flag");
  if (!system) return std::string(atom);
  for (std::string_view known : {"Seen", "Answered", "Flagged", "Deleted", "Draft"}) {
    if (EqualsIgnoreCase(atom, known)) return "\\" + std::string(known);
  }
  // RFC 9051 2.3.2: \Recent is never set by a client; other backslash flags do not exist.
  return SyntaxError("Unknown system flag");
}

absl::StatusOr<std::vector<std::string>> Scanner::FlagList() {
  std::vector<std::string> flags;
  RETURN_IF_ERROR(Expect('('));
  while (!Eat(')')) {
    if (!flags.empty()) RETURN_IF_ERROR(Expect(' '));
    ASSIGN_OR_RETURN(std::string flag, Flag());
    flags.push_back(std::move(flag));
  }
  return flags;
}

absl::StatusOr<uint32_t> Scanner::SetNumber() {
  if (Eat('*')) return kStar;
  auto number = ParseUint(Take(text_, at_, IsDigit));
  if (!number || *number == 0 || *number > UINT32_MAX) return SyntaxError("Bad message set");
  return static_cast<uint32_t>(*number);
}

absl::StatusOr<NumberSet> Scanner::Set() {
  RETURN_IF_ERROR(Count());
  NumberSet set;
  if (Eat('$')) {
    set.saved = true;
    return set;
  }
  do {
    NumberRange range;
    ASSIGN_OR_RETURN(range.first, SetNumber());
    range.last = range.first;
    if (Eat(':')) {
      ASSIGN_OR_RETURN(range.last, SetNumber());
    }
    set.ranges.push_back(range);
  } while (Eat(','));
  return set;
}

absl::Status Scanner::Enter() {
  if (++depth_ > limits_.depth) {
    return MakeError(absl::StatusCode::kInvalidArgument, Reason::kTooBig, "Nested too deeply");
  }
  return Count();
}

}  // namespace pennypost::imap
