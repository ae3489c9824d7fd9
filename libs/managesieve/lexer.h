#pragma once
// Cuts the byte stream of a client into commands and SASL responses: words and strings up to a line
// end that stands in no literal (RFC 5804 4).
//
// Invariants
//   - The end of a literal is known before its first byte; nothing inside it is ever read as a
//     command. Where that cannot be told (an overlong line, a malformed one that ends like a
//     literal), the connection ends.
//   - Memory stays within the limits given to Next, plus what one Feed brought.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "managesieve/limits.h"

namespace pennypost::managesieve {

struct Token {
  enum class Kind { kWord, kNumber, kString };
  Kind kind = Kind::kWord;
  std::string text;
  uint64_t number = 0;

  bool is_string() const { return kind == Kind::kString; }
};

class Lexer {
 public:
  struct NeedMore {};
  struct Line {
    std::vector<Token> tokens;  // none for an empty line
  };
  // The whole of it was read, and it is not to be obeyed.
  struct Refused {
    bool too_big = false;
    std::string text;
  };
  // What follows cannot be told: the connection must end.
  struct Fatal {
    std::string text;
  };
  using Event = std::variant<NeedMore, Line, Refused, Fatal>;

  void Feed(std::string_view bytes) { buffer_ += bytes; }
  Event Next(const Limits& limits);
  bool HasBuffered() const { return !buffer_.empty(); }
  void Clear() { *this = Lexer(); }

 private:
  // Bytes of a literal that are due; false while some are missing.
  bool TakeLiteral();
  Event LineDone(std::string_view line, const Limits& limits);
  bool Lex(std::string_view line, const Limits& limits);
  bool LexQuoted(std::string_view line, size_t& at);
  bool LexWord(std::string_view line, size_t& at);

  std::string buffer_;
  size_t scanned_ = 0;               // no line end stands before it
  std::vector<Token> tokens_;        // of the line so far
  bool separated_ = true;            // a token may begin here
  std::optional<uint64_t> literal_;  // bytes due
  bool drain_ = false;               // the literal at hand is thrown away
  bool too_big_ = false;             // one was
};

}  // namespace pennypost::managesieve
