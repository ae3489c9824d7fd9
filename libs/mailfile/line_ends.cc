#include "mailfile/line_ends.h"

#include <algorithm>

namespace pennypost::mailfile {

std::string ToCrlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
  for (size_t at = 0; at < text.size();) {
    size_t lf = text.find('\n', at);
    if (lf == std::string_view::npos) {
      out += text.substr(at);
      break;
    }
    out += text.substr(at, lf - at);
    out += lf > 0 && text[lf - 1] == '\r' ? "\n" : "\r\n";
    at = lf + 1;
  }
  return out;
}

std::string ToLf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out.push_back(text[i]);
  }
  return out;
}

}  // namespace pennypost::mailfile
