#pragma once
// Lines of a POP3 client.

#include <optional>
#include <string>
#include <string_view>

namespace pennypost::pop3 {

class LineReader {
 public:
  struct Line {
    std::string text;       // without its line end
    bool too_long = false;  // over the limit or with a NUL; `text` is empty
  };

  void Feed(std::string_view bytes) { buffer_ += bytes; }
  // The next whole line, if it is there. Memory stays within `max` and one Feed.
  std::optional<Line> Next(size_t max);
  bool HasBuffered() const { return !buffer_.empty() || skipping_; }
  void Clear() { *this = LineReader(); }

 private:
  std::string buffer_;
  size_t scanned_ = 0;
  bool skipping_ = false;
};

}  // namespace pennypost::pop3
