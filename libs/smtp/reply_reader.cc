#include "smtp/reply_reader.h"

#include "base/text.h"

namespace pennypost::smtp {

// One line without its end: "250-text", "250 text" or "250".
bool ReplyReader::TakeLine(std::string_view line, bool& last) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !IsDigit(line[1]) || !IsDigit(line[2])) {
    return false;
  }
  int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (lines_ > 0 && code != partial_.code) return false;
  last = line.size() == 3 || line[3] == ' ';
  if (!last && line[3] != '-') return false;
  std::string_view text = line.size() > 4 ? line.substr(4) : "";
  size_t enhanced = mail::EnhancedCodeLength(text);
  // RFC 2034 4: the class of both codes is the same, else it is just text.
  if (enhanced > 0 && text[0] == line[0]) {
    partial_.enhanced = text.substr(0, enhanced);
    text.remove_prefix(std::min(text.size(), enhanced + 1));
  }
  if (lines_ > 0) partial_.text.push_back('\n');
  partial_.text += text;
  partial_.code = code;
  return ++lines_ <= limits_.reply_lines;
}

ReplyReader::Result ReplyReader::Read(std::string_view in, size_t& at, mail::SmtpReply& reply) {
  for (;;) {
    size_t lf = in.find('\n', at);
    if (lf == std::string_view::npos) {
      return in.size() - at > limits_.reply_line ? Result::kMalformed : Result::kNeedInput;
    }
    std::string_view line = in.substr(at, lf - at);
    // A lone LF as line end is taken: it can do no harm in this direction.
    if (line.ends_with('\r')) line.remove_suffix(1);
    bool last = false;
    if (lf + 1 - at > limits_.reply_line || !TakeLine(line, last)) return Result::kMalformed;
    at = lf + 1;
    if (!last) continue;
    reply = std::exchange(partial_, {});
    lines_ = 0;
    return Result::kReply;
  }
}

}  // namespace pennypost::smtp
