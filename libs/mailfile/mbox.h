#pragma once
// mbox (RFC 4155 and what programs make of it): messages one after the other, each behind a line
// "From sender date" and before an empty line.

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mailfile/dates.h"

namespace pennypost::mailfile {

struct MboxEntry {
  FromLine from;
  uint64_t offset = 0;   // of the From_ line in the file
  std::string content;   // as it stands there, without the empty line that ends it
  bool too_big = false;  // the content was let go
};

// Cuts the bytes of a file into messages. Fed in any pieces, it gives the same; it holds one
// message of at most `max_message` bytes, and what one Feed brought.
//
// A From_ line stands at the beginning or behind an empty line and has a date, so that a body's
// "From here on" splits nothing. Where the first one has none, no other needs one.
class MboxSplitter {
 public:
  struct NeedMore {};
  struct End {};
  using Message = MboxEntry;
  struct NotMbox {};  // the file does not begin with a From_ line
  using Event = std::variant<NeedMore, End, Message, NotMbox>;

  explicit MboxSplitter(size_t max_message) : max_message_(max_message) {}

  void Feed(std::string_view bytes) { buffer_ += bytes; }
  // Nothing more comes.
  void Finish() { finished_ = true; }
  Event Next();

 private:
  bool TakeLine(std::string_view* line);
  bool IsFromLine(std::string_view line) const;
  Message Cut();

  const size_t max_message_;
  std::string buffer_;
  size_t at_ = 0;        // of the line to be read, in buffer_
  size_t scanned_ = 0;   // no line end stands in [at_, scanned_)
  uint64_t offset_ = 0;  // of at_ in the file
  bool finished_ = false, ended_ = false;
  bool after_empty_ = true;  // the line before is empty, or there is none
  bool mid_line_ = false;    // only a piece of the line was taken yet
  bool needs_date_ = true;
  std::optional<Message> current_;
};

// How a writer hid lines that look like From_ lines.
enum class MboxQuoting {
  kMboxrd,  // one ">" before any ">*From "
  kMboxo,   // one ">" before "From " alone
  kNone,
};

struct MboxMail {
  std::string content;  // LF or CRLF as in the file
  std::vector<std::string> flags;
  // No message: c-client's "folder internal data", or what Thunderbird deleted and did not compact.
  bool not_mail = false;
};

// Takes the quoting and the fields off with which programs keep flags in an mbox (Status, X-Status,
// X-Keywords, X-UID, X-IMAP, X-IMAPbase, X-Mozilla-*), wherever they stand in the header.
MboxMail DecodeMbox(std::string_view content, MboxQuoting quoting);

// A whole entry, mboxrd, of a message with LF line ends: From_ line, flags, message, empty line.
// The fields for flags come first; DecodeMbox takes them off again.
std::string EncodeMbox(std::string_view content, std::string_view sender, absl::Time date,
                       const std::vector<std::string>& flags);

}  // namespace pennypost::mailfile
