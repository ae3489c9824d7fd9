#pragma once
// Tokens of a script (RFC 5228 8.1). Linear in the script; never fails but by a kError token, after
// which every further token is kEnd.

#include <string>
#include <string_view>

#include "sieve/ast.h"

namespace pennypost::sieve {

struct Token {
  enum class Kind { kEnd, kIdentifier, kTag, kNumber, kString, kSpecial, kError };
  Kind kind = Kind::kEnd;
  Position at;
  std::string text;  // lower case for names; the value of a string; the one special character; the
                     // error
  uint64_t number = 0;

  bool Is(char special) const { return kind == Kind::kSpecial && text[0] == special; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view script) : script_(script) {}
  Token Next();

 private:
  bool AtEnd() const { return at_ >= script_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < script_.size() ? script_[at_ + ahead] : '\0';
  }
  void Advance();
  // False with an error in `token` for a comment that does not end.
  bool SkipSpace(Token& token);
  void SkipLine();
  void ReadName(Token& token);
  void ReadNumber(Token& token);
  void ReadQuoted(Token& token);
  void ReadMultiLine(Token& token);
  // Appends the character here; a bare LF becomes CRLF, since files made by hand end lines so and
  // mail does not.
  void TakeInto(std::string& out);
  void Fail(Token& token, Position at, std::string message);

  std::string_view script_;
  size_t at_ = 0;
  Position position_;
  bool failed_ = false;
};

}  // namespace pennypost::sieve
