#include "sieve/lexer.h"

#include <fmt/format.h>

#include <limits>

#include "base/text.h"

namespace pennypost::sieve {
namespace {

bool IsNameChar(char c) {
  return IsAlpha(c) || IsDigit(c) || c == '_';
}

}  // namespace

std::string ScriptError::ToString() const {
  return fmt::format("line {}, column {}: {}", at.line, at.column, message);
}

void Lexer::Advance() {
  auto c = static_cast<unsigned char>(script_[at_++]);
  if (c == '\n') {
    ++position_.line;
    position_.column = 1;
  } else if ((c & 0xC0) != 0x80) {
    ++position_.column;
  }
}

void Lexer::Fail(Token& token, Position at, std::string message) {
  token.kind = Token::Kind::kError;
  token.at = at;
  token.text = std::move(message);
  failed_ = true;
}

void Lexer::SkipLine() {
  while (!AtEnd() && Peek() != '\n') Advance();
  if (!AtEnd()) Advance();
}

bool Lexer::SkipSpace(Token& token) {
  while (!AtEnd()) {
    char c = Peek();
    if (IsWsp(c) || c == '\r' || c == '\n') {
      Advance();
    } else if (c == '#') {
      SkipLine();
    } else if (c == '/' && Peek(1) == '*') {
      Position start = position_;
      Advance();
      Advance();
      while (!AtEnd() && !(Peek() == '*' && Peek(1) == '/')) Advance();
      if (AtEnd()) {
        Fail(token, start, "comment is not closed");
        return false;
      }
      Advance();
      Advance();
    } else {
      return true;
    }
  }
  return true;
}

Token Lexer::Next() {
  Token token;
  token.at = position_;
  if (failed_ || !SkipSpace(token)) return token;
  token.at = position_;
  if (AtEnd()) return token;
  char c = Peek();
  if (IsAlpha(c) || c == '_') {
    ReadName(token);
  } else if (IsDigit(c)) {
    ReadNumber(token);
  } else if (c == '"') {
    ReadQuoted(token);
  } else if (c == ':') {
    Advance();
    if (!IsAlpha(Peek()) && Peek() != '_') {
      Fail(token, token.at, "a name must follow ':'");
      return token;
    }
    token.kind = Token::Kind::kTag;
    while (IsNameChar(Peek())) {
      token.text.push_back(AsciiLower(Peek()));
      Advance();
    }
  } else if (std::string_view("[]{}(),;").find(c) != std::string_view::npos) {
    token.kind = Token::Kind::kSpecial;
    token.text = c;
    Advance();
  } else if (c > ' ' && c < 0x7F) {
    Fail(token, token.at, fmt::format("unexpected character '{}'", c));
  } else {
    Fail(token, token.at, fmt::format("unexpected octet 0x{:02X}", static_cast<unsigned char>(c)));
  }
  return token;
}

void Lexer::ReadName(Token& token) {
  token.kind = Token::Kind::kIdentifier;
  while (IsNameChar(Peek())) {
    token.text.push_back(AsciiLower(Peek()));
    Advance();
  }
  if (token.text == "text" && Peek() == ':') {
    Advance();
    ReadMultiLine(token);
  }
}

void Lexer::ReadNumber(Token& token) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max() >> 1;
  token.kind = Token::Kind::kNumber;
  bool over = false;
  while (IsDigit(Peek())) {
    uint64_t digit = static_cast<uint64_t>(Peek() - '0');
    over = over || token.number > (kMax - digit) / 10;
    token.number = token.number * 10 + digit;
    Advance();
  }
  int shift = 0;
  switch (AsciiLower(Peek())) {
    case 'k':
      shift = 10;
      break;
    case 'm':
      shift = 20;
      break;
    case 'g':
      shift = 30;
      break;
    default:
      break;
  }
  if (shift > 0) Advance();
  if (IsNameChar(Peek())) {
    return Fail(token, token.at, "a number may only be followed by K, M or G");
  }
  over = over || token.number > kMax >> shift;
  if (over) return Fail(token, token.at, "number is too large");
  token.number <<= shift;
}

void Lexer::TakeInto(std::string& out) {
  char c = Peek();
  if (c == '\n' && (out.empty() || out.back() != '\r')) out.push_back('\r');
  out.push_back(c);
  Advance();
}

void Lexer::ReadQuoted(Token& token) {
  token.kind = Token::Kind::kString;
  Advance();
  while (!AtEnd() && Peek() != '"') {
    if (Peek() == '\\') {
      Advance();
      if (AtEnd()) break;
    }
    if (Peek() == '\0') return Fail(token, position_, "NUL is not allowed in a string");
    TakeInto(token.text);
  }
  if (AtEnd()) return Fail(token, token.at, "string is not closed");
  Advance();
  if (!IsUtf8(token.text)) Fail(token, token.at, "string is not UTF-8");
}

// RFC 5228 2.4.2: after "text:" comes the end of the line, and a line of one dot ends it.
void Lexer::ReadMultiLine(Token& token) {
  token.kind = Token::Kind::kString;
  token.text.clear();
  while (IsWsp(Peek())) Advance();
  if (Peek() == '#') {
    SkipLine();
  } else {
    if (Peek() == '\r') Advance();
    if (Peek() != '\n') return Fail(token, position_, "text: must be followed by a new line");
    Advance();
  }
  while (!AtEnd()) {
    if (Peek() == '.') {
      size_t end = Peek(1) == '\r' ? 2 : 1;
      if (Peek(end) == '\n' || at_ + end >= script_.size()) {
        Advance();
        if (!AtEnd()) SkipLine();
        if (!IsUtf8(token.text)) Fail(token, token.at, "string is not UTF-8");
        return;
      }
      if (Peek(1) == '.') Advance();
    }
    bool line_end = false;
    while (!AtEnd() && !line_end) {
      if (Peek() == '\0') return Fail(token, position_, "NUL is not allowed in a string");
      line_end = Peek() == '\n';
      TakeInto(token.text);
    }
  }
  Fail(token, token.at, "text: has no line with a single dot that ends it");
}

}  // namespace pennypost::sieve
