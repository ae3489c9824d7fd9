#pragma once
// Values of structured MIME fields: `type/subtype; name=value; ...` (RFC 2045 5.1, RFC 2183, RFC
// 2231).

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::mime {

// As written: name in lower case with any RFC 2231 mark ("filename*0*"), value without its quotes.
// IMAP shows these.
struct Param {
  std::string name;
  std::string value;
  bool operator==(const Param&) const = default;
};
using Params = std::vector<Param>;

inline constexpr size_t kMaxParams = 100;

// A field value such as "text/plain; charset=utf-8": `value` is in lower case and without white
// space.
struct ParameterizedValue {
  std::string value;
  Params params;
};
ParameterizedValue ParseParameterized(std::string_view field);

// The value of `name` (lower case) for people: RFC 2231 pieces joined, percent and charset decoded,
// and encoded-words decoded, which many senders put there against RFC 2047 5. UTF-8; nothing if the
// parameter is not there.
std::optional<std::string> DecodedParam(const Params& params, std::string_view name);

// The first parameter of exactly that name, raw.
const std::string* FindParam(const Params& params, std::string_view name);

// The next token at or after `at` of a structured field, quotes and comments understood (RFC
// 5322 3.2).
struct FieldToken {
  enum class Kind { kEnd, kAtom, kQuoted, kSpecial, kComment };
  Kind kind = Kind::kEnd;
  std::string text;  // an atom as written, a quoted string or comment without quoting, or the
                     // special character
};

// Reads tokens one by one. Linear: what is not closed goes to the end of the text.
class FieldLexer {
 public:
  // `specials` are the characters that stand for themselves.
  FieldLexer(std::string_view text, std::string_view specials) : text_(text), specials_(specials) {}

  FieldToken Next();
  // White space or a comment stood before the token read last.
  bool space_before() const { return space_before_; }

 private:
  std::string ReadQuoted();
  std::string ReadComment();
  std::string ReadAtom();

  std::string_view text_;
  std::string_view specials_;
  size_t at_ = 0;
  bool space_before_ = false;
};

}  // namespace pennypost::mime
