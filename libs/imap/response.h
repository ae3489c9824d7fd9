#pragma once
// Reads what an IMAP server says (RFC 9051 9 response), for those who are its client. Any split of
// the bytes gives the same; memory stays within the limits and what one Feed brought.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pennypost::imap {

// One word of a response.
struct ResponseValue {
  enum class Kind { kAtom, kString, kNil, kList };
  Kind kind = Kind::kAtom;
  std::string text;  // of an atom or a string
  std::vector<ResponseValue> items;

  bool Is(std::string_view atom) const;  // without case
  // Its digits; 0 for anything else.
  uint64_t Number() const;
};

struct ServerResponse {
  std::string tag;     // "*", "+" or that of a command
  std::string status;  // OK, NO, BAD, BYE or PREAUTH; empty for data
  std::string code;    // of a status, as between the brackets: "UIDVALIDITY 17"
  std::string text;    // for people, of a status or "+"
  std::vector<ResponseValue> values;
};

class ResponseReader {
 public:
  struct NeedMore {};
  // What came is no IMAP, or over a limit: the connection is good for nothing any more.
  struct Fatal {
    std::string text;
  };
  using Event = std::variant<NeedMore, ServerResponse, Fatal>;

  explicit ResponseReader(size_t max_literal) : max_literal_(max_literal) {}

  void Feed(std::string_view bytes) { buffer_ += bytes; }
  Event Next();

 private:
  Event EndLine(std::string_view line);

  const size_t max_literal_;
  std::string buffer_;
  size_t scanned_ = 0;  // no LF stands before it in buffer_
  std::string text_;    // the response so far, its literals left out
  std::vector<std::string> literals_;
  size_t literal_bytes_ = 0;  // of all literals of this response
  bool in_literal_ = false;
  size_t literal_ = 0;  // bytes of the one that is due
};

}  // namespace pennypost::imap
