#include "mail/header.h"

#include <string>

#include "base/text.h"

namespace pennypost::mail {
namespace {

// End of the line that starts at `at`, behind its LF; the size of the text where there is none.
size_t LineEnd(std::string_view text, size_t at) {
  size_t lf = text.find('\n', at);
  return lf == std::string_view::npos ? text.size() : lf + 1;
}

std::string_view WithoutLineEnd(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// RFC 5322 3.6.8 ftext; trailing white space before the colon is taken (4.5 obs-optional).
bool IsFieldName(std::string_view name) {
  if (name.empty()) return false;
  for (char c : name) {
    if (c < 33 || c > 126) return false;
  }
  return true;
}

}  // namespace

const HeaderField* HeaderBlock::Find(std::string_view name) const {
  for (const HeaderField& field : fields) {
    if (EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

size_t HeaderBlock::Count(std::string_view name) const {
  size_t count = 0;
  for (const HeaderField& field : fields) count += EqualsIgnoreCase(field.name, name) ? 1 : 0;
  return count;
}

HeaderBlock ParseHeaderBlock(std::string_view message, const HeaderLimits& limits) {
  HeaderBlock block;
  size_t at = 0;
  while (at < message.size()) {
    size_t end = LineEnd(message, at);
    std::string_view line = WithoutLineEnd(message.substr(at, end - at));
    if (line.empty()) {
      block.size = end;
      return block;
    }
    size_t colon = line.find(':');
    std::string_view name = colon == std::string_view::npos ? "" : line.substr(0, colon);
    while (!name.empty() && IsWsp(name.back())) name.remove_suffix(1);
    if (!IsFieldName(name)) break;
    while (end < message.size() && IsWsp(message[end])) end = LineEnd(message, end);
    if (end > limits.max_bytes || block.fields.size() == limits.max_fields) {
      block.truncated = true;
      break;
    }
    std::string_view raw = message.substr(at, end - at);
    block.fields.push_back({name, WithoutLineEnd(raw.substr(colon + 1)), raw});
    at = end;
  }
  block.size = at;
  return block;
}

std::string Unfold(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (char c : value) {
    if (c != '\r' && c != '\n') out.push_back(c);
  }
  return std::string(Trim(out));
}

}  // namespace pennypost::mail
