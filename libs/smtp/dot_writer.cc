#include "smtp/dot_writer.h"

namespace pennypost::smtp {

void DotWriter::EndLine(std::string& out) {
  out += "\r\n";
  line_start_ = true;
}

// Bytes without LF.
void DotWriter::WriteText(std::string_view text, std::string& out) {
  while (!text.empty()) {
    size_t cr = text.find('\r');
    std::string_view part = text.substr(0, cr);
    for (;;) {
      size_t nul = part.find('\0');
      std::string_view clean = part.substr(0, nul);
      if (!clean.empty()) {
        if (line_start_ && clean[0] == '.') out.push_back('.');
        out += clean;
        line_start_ = false;
      }
      if (nul == std::string_view::npos) break;
      changed_ = true;
      part.remove_prefix(nul + 1);
    }
    if (cr == std::string_view::npos) return;
    changed_ = true;
    EndLine(out);
    text.remove_prefix(cr + 1);
  }
}

void DotWriter::Write(std::string_view content, std::string& out) {
  if (content.empty()) return;
  if (after_cr_ && content[0] != '\n') {
    changed_ = true;
    EndLine(out);
    after_cr_ = false;
  }
  while (!content.empty()) {
    size_t lf = content.find('\n');
    if (lf == std::string_view::npos) break;
    std::string_view line = content.substr(0, lf);
    content.remove_prefix(lf + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    } else if (!after_cr_) {
      changed_ = true;
    }
    after_cr_ = false;
    WriteText(line, out);
    EndLine(out);
  }
  if (content.ends_with('\r')) {
    after_cr_ = true;
    content.remove_suffix(1);
  }
  WriteText(content, out);
}

void DotWriter::Finish(std::string& out) {
  if (after_cr_) {
    changed_ = true;
    EndLine(out);
  } else if (!line_start_) {
    EndLine(out);
  }
  out += ".\r\n";
}

}  // namespace pennypost::smtp
