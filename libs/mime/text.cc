#include "mime/text.h"

#include "base/text.h"
#include "mime/charset.h"
#include "mime/decode.h"

namespace pennypost::mime {
namespace {

struct Entity {
  std::string_view name;
  std::string_view text;
};
constexpr Entity kEntities[] = {{"amp", "&"},   {"lt", "<"},   {"gt", ">"},
                                {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}};

void AppendUtf8(uint64_t c, std::string& out) {
  if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = 0xFFFD;
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
    return;
  }
  int tail = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out.push_back(static_cast<char>(kLead[tail] | c >> (6 * tail)));
  while (tail-- > 0) out.push_back(static_cast<char>(0x80 | (c >> (6 * tail) & 0x3F)));
}

// `text` starts behind "&". The length taken, 0 if it is no reference.
size_t AppendReference(std::string_view text, std::string& out) {
  size_t end = text.substr(0, 12).find(';');
  if (end == std::string_view::npos) return 0;
  std::string_view name = text.substr(0, end);
  for (const Entity& entity : kEntities) {
    if (name != entity.name) continue;
    out += entity.text;
    return end + 1;
  }
  if (!name.starts_with('#')) return 0;
  name.remove_prefix(1);
  std::optional<uint64_t> number;
  if (!name.empty() && AsciiLower(name[0]) == 'x') {
    std::string hex(name.substr(1));
    auto bytes = HexDecode(hex.size() % 2 ? "0" + hex : hex);
    if (bytes && !bytes->empty()) {
      number = 0;
      for (char c : *bytes) number = *number << 8 | static_cast<unsigned char>(c);
    }
  } else {
    number = ParseUint(name);
  }
  if (!number) return 0;
  AppendUtf8(*number, out);
  return end + 1;
}

// Behind the end tag of a script or style that starts at `at`; such elements hold no words.
size_t SkipElement(std::string_view html, size_t at, std::string_view name) {
  for (size_t close = html.find("</", at); close != std::string_view::npos;
       close = html.find("</", close + 2)) {
    if (StartsWithIgnoreCase(html.substr(close + 2), name)) return close;
  }
  return html.size();
}

}  // namespace

std::string HtmlToText(std::string_view html) {
  std::string out;
  out.reserve(html.size() / 2);
  for (size_t i = 0; i < html.size();) {
    if (html[i] == '<') {
      std::string_view tag = html.substr(i + 1);
      size_t close = html.find(tag.starts_with("!--") ? "-->" : ">", i);
      if (close == std::string_view::npos) break;
      i = close + (tag.starts_with("!--") ? 3 : 1);
      for (std::string_view name : {"script", "style"}) {
        if (StartsWithIgnoreCase(tag, name)) i = SkipElement(html, i, name);
      }
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
    } else if (html[i] == '&') {
      size_t taken = AppendReference(html.substr(i + 1), out);
      if (taken == 0) out.push_back('&');
      i += 1 + taken;
    } else {
      out.push_back(html[i++]);
    }
  }
  return out;
}

std::string DecodeTextPart(std::string_view body, const Part& part) {
  const std::string* charset = FindParam(part.params, "charset");
  return ToUtf8(DecodeTransferEncoding(body, part.encoding), charset ? *charset : "");
}

std::string ExtractText(std::string_view message, const Structure& structure, size_t limit) {
  std::string out;
  for (const Part& part : structure.parts) {
    if (part.type != "text" || out.size() >= limit || part.body_offset > message.size()) continue;
    std::string_view body = message.substr(part.body_offset, part.body_size);
    // Base64 takes four bytes for three; what the limit cannot hold is not worth decoding.
    std::string text = DecodeTextPart(body.substr(0, (limit - out.size()) * 2), part);
    if (part.subtype == "html") text = HtmlToText(text);
    out += text;
    out.push_back('\n');
  }
  return out;
}

}  // namespace pennypost::mime
