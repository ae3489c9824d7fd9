#pragma once
// The content of a message as it comes over the wire, after DATA or in BDAT chunks.
//
// Invariants (RFC 5321 4.1.1.4, 2.3.8; ROBUSTNESS S1):
//   Only CRLF "." CRLF ends DATA. A lone CR, LF or NUL near a dot never does.
//   A dot is removed only after a true CRLF.
//   What is called malformed holds a lone CR, a lone LF (unless lines are normalized) or a NUL; the
//   reader goes on to the true end, so that the session stays in step.

#include <cstddef>
#include <string>
#include <string_view>

namespace pennypost::smtp {

enum class BareLineFeeds {
  kRefuse,     // the message is malformed
  kNormalize,  // become CRLF, for known old clients; they still end nothing
};

// Content after DATA. Reads in place: body bytes are moved together inside the caller's buffer
// where a dot goes, so an ordinary message costs no copy at all.
class DataReader {
 public:
  explicit DataReader(BareLineFeeds bare = BareLineFeeds::kRefuse) : bare_(bare) {}

  struct Result {
    size_t consumed =
        0;  // bytes of the input that are done with; the rest (at most two) must be shown again
    std::string_view body;  // content, valid until the next call or change of the buffer
    bool done = false;      // the end of data was consumed
  };
  Result Read(char* data, size_t size);

  bool malformed() const { return malformed_; }

 private:
  void Emit(char* data, size_t from, size_t to);
  void TakeLine(char* data, size_t from, size_t lf);

  BareLineFeeds bare_;
  bool line_start_ = true;  // the CRLF of the DATA command counts (RFC 5321 4.1.1.4)
  bool malformed_ = false;
  size_t written_ = 0;      // body bytes of this call
  std::string normalized_;  // body of this call where lines are normalized
};

// Content in BDAT chunks (RFC 3030): no dots, but the same rule for line ends, across chunk
// borders.
class ChunkReader {
 public:
  explicit ChunkReader(BareLineFeeds bare = BareLineFeeds::kRefuse) : bare_(bare) {}

  // The content of `bytes`, valid until the next call or change of `bytes`.
  std::string_view Read(std::string_view bytes);
  // After the last chunk.
  void Finish() { malformed_ |= after_cr_; }

  bool malformed() const { return malformed_; }

 private:
  BareLineFeeds bare_;
  bool after_cr_ = false;
  bool malformed_ = false;
  std::string normalized_;
};

}  // namespace pennypost::smtp
