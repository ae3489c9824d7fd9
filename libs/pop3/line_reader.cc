#include "pop3/line_reader.h"

namespace pennypost::pop3 {

std::optional<LineReader::Line> LineReader::Next(size_t max) {
  size_t lf = buffer_.find('\n', scanned_);
  if (lf == std::string::npos) {
    scanned_ = buffer_.size();
    if (buffer_.size() > max + 1) skipping_ = true;
    if (skipping_) {
      buffer_.clear();
      scanned_ = 0;
    }
    return std::nullopt;
  }
  Line line;
  line.too_long = skipping_ || lf > max + 1;
  if (!line.too_long)
    line.text = buffer_.substr(0, lf > 0 && buffer_[lf - 1] == '\r' ? lf - 1 : lf);
  if (line.text.find('\0') != std::string::npos) line = {"", true};
  buffer_.erase(0, lf + 1);
  scanned_ = 0;
  skipping_ = false;
  return line;
}

}  // namespace pennypost::pop3
