#include "mime/parameters.h"

namespace pennypost::mime {
namespace {
bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
// A window, so that many open brackets stay linear.
constexpr size_t kMaxLiteral = 64;
}  // namespace

FieldToken FieldLexer::Next() {
  space_before_ = false;
  while (at_ < text_.size() && IsSpace(text_[at_])) {
    ++at_;
    space_before_ = true;
  }
  if (at_ == text_.size()) return {};
  char c = text_[at_];
  if (c == '"') return {FieldToken::Kind::kQuoted, ReadQuoted()};
  if (c == '(') return {FieldToken::Kind::kComment, ReadComment()};
  if (specials_.find(c) != std::string_view::npos) {
    ++at_;
    return {FieldToken::Kind::kSpecial, std::string(1, c)};
  }
  return {FieldToken::Kind::kAtom, ReadAtom()};
}

// RFC 5322 3.2.4: a backslash quotes the next character; line ends belong to folds and go.
std::string FieldLexer::ReadQuoted() {
  std::string out;
  for (++at_; at_ < text_.size(); ++at_) {
    char c = text_[at_];
    if (c == '"') {
      ++at_;
      break;
    }
    if (c == '\\' && at_ + 1 < text_.size()) c = text_[++at_];
    if (c != '\r' && c != '\n') out.push_back(c);
  }
  return out;
}

// RFC 5322 3.2.2: comments nest. A counter, not recursion: the depth is the sender's choice.
std::string FieldLexer::ReadComment() {
  std::string out;
  size_t depth = 0;
  for (; at_ < text_.size(); ++at_) {
    char c = text_[at_];
    if (c == '(' && depth++ == 0) continue;
    if (c == ')' && --depth == 0) {
      ++at_;
      break;
    }
    if (c == '\\' && at_ + 1 < text_.size()) c = text_[++at_];
    if (c != '\r' && c != '\n') out.push_back(c);
  }
  return out;
}

std::string FieldLexer::ReadAtom() {
  size_t begin = at_;
  // RFC 5322 3.4.1 domain-literal: the colons of an IPv6 address are no specials.
  size_t literal =
      text_[at_] == '[' ? text_.substr(at_, kMaxLiteral).find(']') : std::string_view::npos;
  if (literal != std::string_view::npos) at_ += literal;
  while (at_ < text_.size()) {
    char c = text_[at_];
    if (IsSpace(c) || c == '"' || c == '(' || specials_.find(c) != std::string_view::npos) break;
    ++at_;
  }
  return std::string(text_.substr(begin, at_ - begin));
}

}  // namespace pennypost::mime
