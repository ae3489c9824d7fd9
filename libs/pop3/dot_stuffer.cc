#include "pop3/dot_stuffer.h"

namespace pennypost::pop3 {

bool DotStuffer::Write(std::string_view bytes, std::string& out) {
  while (!bytes.empty() && !done_) {
    size_t lf = bytes.find('\n');
    std::string_view line = bytes.substr(0, lf == std::string_view::npos ? lf : lf + 1);
    bytes.remove_prefix(line.size());
    if (line_start_ && line.starts_with('.')) out += '.';
    out += line;
    line_start_ = line.ends_with('\n');
    for (char c : line) line_empty_ = line_empty_ && (c == '\r' || c == '\n');
    if (line_start_) EndLine();
  }
  return done_;
}

void DotStuffer::EndLine() {
  if (in_body_) {
    if (body_lines_ && --*body_lines_ == 0) done_ = true;
  } else if (line_empty_) {
    in_body_ = true;
    done_ = body_lines_ == 0u;
  }
  line_empty_ = true;
}

void DotStuffer::Finish(std::string& out) const {
  out += line_start_ ? ".\r\n" : "\r\n.\r\n";
}

}  // namespace pennypost::pop3
