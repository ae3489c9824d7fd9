#pragma once
// Cuts the byte stream of a client into commands: lines, literals and the continuation requests
// between them.
//
// Invariants
//   - The end of a literal is known before its first byte; nothing inside it is ever read as a
//   line.
//   - A literal over a limit is refused before the "+" that would ask for it (I1 of the threat
//   list).
//   - Memory stays within the limits given to Next, plus what one Feed brought.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "imap/limits.h"

namespace pennypost::imap {

class Lexer {
 public:
  struct NeedMore {};
  // A synchronizing literal is due: send "+".
  struct Continue {};
  // A whole command without its last line end; literals stand in it as received, "{5}\r\nhello".
  struct CommandText {
    std::string text;
  };
  // The command is over a limit or malformed and was skipped. `too_big` for NO [TOOBIG], else BAD.
  struct Refused {
    std::string tag;  // "*" where none can be told
    bool too_big = false;
    std::string text;
  };
  // The peer announced bytes that will not be read: the connection must end.
  struct Fatal {
    std::string text;
  };
  using Event = std::variant<NeedMore, Continue, CommandText, Refused, Fatal>;

  void Feed(std::string_view bytes) { buffer_ += bytes; }
  Event Next(const Limits& limits);

  // One line of AUTHENTICATE or IDLE, without its line end. Refused if it is longer than `max`.
  Event NextLine(size_t max);

  // Bytes that belong to no command yet.
  bool HasBuffered() const { return !buffer_.empty(); }
  size_t buffered() const { return buffer_.size(); }
  // Forgets all that was fed.
  void Clear() { *this = Lexer(); }

 private:
  struct Announcement;

  Event LineDone(size_t line_begin, size_t line_end, const Limits& limits);
  Event LiteralDue(const Announcement& announcement, const Limits& limits);
  bool TakesMessage(const Announcement& announcement) const;
  void StartOver(size_t consumed);

  std::string buffer_;        // the command so far, and what follows it
  size_t line_begin_ = 0;     // of the line being read
  size_t scanned_ = 0;        // no line end stands in [line_begin_, scanned_)
  uint64_t literal_ = 0;      // bytes of the literal still due
  size_t literals_ = 0;       // seen in this command
  size_t message_bytes_ = 0;  // of APPEND's messages, which do not count to the total
  uint64_t drain_ = 0;        // bytes of a refused non-synchronizing literal
  bool skipping_ = false;     // drop the rest of the line
  std::string refused_tag_;   // the command whose rest is dropped after a drained literal
  bool refused_ = false;
};

}  // namespace pennypost::imap
