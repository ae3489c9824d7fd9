#include "sieve/field_value.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "sieve/utf8.h"

namespace pennypost::sieve {
namespace {

constexpr size_t kMaxValue = 16 << 10;

}  // namespace

std::string FieldValue(std::string_view value) {
  std::string line;
  for (char c : value.substr(0, kMaxValue)) {
    if (c == '\n' && line.ends_with('\r')) line.pop_back();
    line.push_back(static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r' ? ' ' : c);
  }
  std::replace(line.begin(), line.end(), '\r', ' ');
  if (IsAscii(line)) return std::string(Trim(line));
  std::string out;
  for (size_t at = 0; at < line.size();) {
    size_t end = at;
    while (end < line.size() && end - at + CharLength(line, end) <= 45) {
      end += CharLength(line, end);
    }
    out += fmt::format("{}=?UTF-8?B?{}?=", out.empty() ? "" : "\r\n ",
                       Base64Encode(std::string_view(line).substr(at, end - at)));
    at = end;
  }
  return out;
}

}  // namespace pennypost::sieve
