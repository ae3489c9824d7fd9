// encoded-character (RFC 5228 2.4.2.4): the checker decodes strings once it is required.

#include "sieve/encoded_character.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "base/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/utf8.h"

namespace pennypost::sieve {
namespace {

bool IsBlank(char c) {
  return IsWsp(c) || c == '\r' || c == '\n';
}

std::optional<uint32_t> HexValue(std::string_view digits) {
  uint32_t value = 0;
  for (char c : digits) {
    char lower = AsciiLower(c);
    if (!IsDigit(c) && (lower < 'a' || lower > 'f')) return std::nullopt;
    if (value >> 27) return UINT32_MAX;
    value = value * 16 + static_cast<uint32_t>(IsDigit(c) ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

// The characters of a body " 40 41 "; nothing if it is not well-formed.
std::optional<std::string> Decode(std::string_view body, bool unicode, std::string& error) {
  std::string out;
  bool any = false;
  for (size_t at = 0; at < body.size();) {
    if (IsBlank(body[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < body.size() && !IsBlank(body[end])) ++end;
    std::optional<uint32_t> value = HexValue(body.substr(at, end - at));
    if (!value || (!unicode && (end - at > 2))) return std::nullopt;
    if (unicode && (*value > 0x10FFFF || (*value >= 0xD800 && *value < 0xE000))) {
      error = fmt::format("'{}' is not a Unicode character", body.substr(at, end - at));
      return std::nullopt;
    }
    if (unicode) {
      AppendUtf8(*value, out);
    } else {
      out.push_back(static_cast<char>(*value));
    }
    any = true;
    at = end;
  }
  if (!any) return std::nullopt;
  return out;
}

}  // namespace

bool DecodeEncodedCharacters(std::string& text, std::string& error) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    size_t start = text.find("${", at);
    if (start == std::string::npos) break;
    out.append(text, at, start - at);
    at = start;
    std::string_view rest = std::string_view(text).substr(start + 2);
    bool unicode = StartsWithIgnoreCase(rest, "unicode:");
    bool hex = StartsWithIgnoreCase(rest, "hex:");
    size_t name = unicode ? 8 : 4;
    size_t close = (unicode || hex) ? rest.find_first_of("}$", name) : std::string_view::npos;
    std::optional<std::string> decoded;
    if (close != std::string_view::npos && rest[close] == '}') {
      decoded = Decode(rest.substr(name, close - name), unicode, error);
      if (!error.empty()) return false;
    }
    if (decoded) {
      out += *decoded;
      at = start + 2 + close + 1;
    } else {
      out += "${";
      at = start + 2;
    }
  }
  out.append(text, at);
  text = std::move(out);
  return true;
}

Extension EncodedCharacterExtension() {
  return {.capabilities = {{"encoded-character"}}};
}

}  // namespace pennypost::sieve
