#include "mime/preview.h"

#include "base/text.h"
#include "mime/text.h"

namespace pennypost::mime {
namespace {

// Lines that the reader has seen before, or that say who writes.
std::string WithoutQuotes(std::string_view text) {
  std::string out;
  for (std::string_view line : Split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == "-- ") break;  // RFC 3676 4.3
    if (line.starts_with('>')) continue;
    out += line;
    out += '\n';
  }
  return out;
}

bool IsSpace(std::string_view text, size_t at) {
  return static_cast<unsigned char>(text[at]) <= ' ' || text[at] == 0x7F;
}

}  // namespace

std::optional<uint32_t> PreviewPart(const Structure& structure) {
  std::optional<uint32_t> html;
  for (uint32_t i = 0; i < structure.parts.size(); ++i) {
    const Part& part = structure.parts[i];
    if (part.type != "text" || part.disposition == "attachment" || part.body_size == 0) continue;
    if (part.subtype == "plain") return i;
    if (part.subtype == "html" && !html) html = i;
  }
  return html;
}

std::string MakePreview(std::string_view body, const Part& part) {
  std::string text = DecodeTextPart(body, part);
  if (part.subtype == "html") {
    text = HtmlToText(text);
  } else if (std::string own = WithoutQuotes(text); !Trim(own).empty()) {
    text = std::move(own);
  }
  std::string out;
  size_t characters = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    bool space = IsSpace(text, at);
    if (!space || (!out.empty() && out.back() != ' ')) {
      if (characters++ == kPreviewCharacters) break;
      if (space) {
        out += ' ';
      } else {
        out.append(text, at, end - at);
      }
    }
    at = end;
  }
  return std::string(Trim(out));
}

}  // namespace pennypost::mime
