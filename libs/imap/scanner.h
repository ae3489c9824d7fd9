#pragma once
// Reads the words of one command (RFC 9051 9). A parser asks for what must come next and gets it or
// a SyntaxError whose message is safe to show; nothing of the input is repeated in it.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/command.h"
#include "imap/limits.h"

namespace pennypost::imap {

// How the client writes mailbox names: UTF-8 once it enabled IMAP4rev2 (RFC 9051 6.3.1), else
// modified UTF-7.
enum class NameForm { kUtf7, kUtf8 };

class Scanner {
 public:
  Scanner(std::string_view text, const Limits& limits, NameForm names)
      : text_(text), limits_(limits), names_(names) {}

  bool AtEnd() const { return at_ == text_.size(); }
  size_t offset() const { return at_; }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }

  bool Sees(std::string_view next) const { return text_.substr(at_).starts_with(next); }

  // Takes `c` or `word` (no case; a whole word) if it comes next.
  bool Eat(char c);
  bool EatWord(std::string_view word);
  // The same, or an error.
  absl::Status Expect(char c);
  absl::Status ExpectEnd() const;

  absl::StatusOr<std::string> Tag();
  absl::StatusOr<std::string> Atom();
  // Letters, digits, "." and "-" in upper case: command names, fetch items, search keys.
  absl::StatusOr<std::string> Word();
  absl::StatusOr<std::string> String();   // quoted or literal
  absl::StatusOr<std::string> AString();  // or an atom
  absl::StatusOr<std::optional<std::string>> NString();
  // The bytes of a literal behind "~", which may hold NUL (RFC 3516 4.4).
  absl::StatusOr<std::string> Literal8();
  // A literal as the range it takes in the text: offset and size.
  absl::StatusOr<std::pair<size_t, size_t>> LiteralRange();
  absl::StatusOr<uint32_t> Number();
  absl::StatusOr<uint64_t> Number64();
  absl::StatusOr<std::string> ObjectId();  // RFC 8474 7
  absl::StatusOr<std::string> Mailbox();
  // RFC 9051 9 list-mailbox: an astring in which "%" and "*" may stand bare.
  absl::StatusOr<std::string> ListPattern();
  absl::StatusOr<std::string> Flag();
  absl::StatusOr<std::vector<std::string>> FlagList();  // in parentheses
  absl::StatusOr<NumberSet> Set();
  absl::StatusOr<absl::Time> DateTime();  // quoted
  absl::StatusOr<int32_t> Date();         // days since 1970-01-01

  // Counts nesting of parentheses, NOT and OR against the limit.
  absl::Status Enter();
  void Leave() { --depth_; }

 private:
  absl::Status Count();
  absl::StatusOr<std::string> Quoted();
  absl::StatusOr<uint32_t> SetNumber();

  std::string_view text_;
  const Limits limits_;
  NameForm names_;
  size_t at_ = 0;
  size_t tokens_ = 0;
  size_t depth_ = 0;
};

}  // namespace pennypost::imap
