#pragma once
// Small text helpers over std types. ASCII only: mail syntax never depends on a locale.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost {

constexpr char AsciiLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr char AsciiUpper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}
constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool IsWsp(char c) {
  return c == ' ' || c == '\t';
}

std::string ToLower(std::string_view text);
std::string ToUpper(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix);

// Without leading and trailing space, tab, CR and LF.
std::string_view Trim(std::string_view text);
// The parts between separators; empty parts are kept.
std::vector<std::string_view> Split(std::string_view text, char separator);

// The whole text as a decimal number without sign; nothing for anything else or an overflow.
std::optional<uint64_t> ParseUint(std::string_view text);

std::string HexEncode(std::string_view bytes);
std::optional<std::string> HexDecode(std::string_view hex);

// True where the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool IsUtf8(std::string_view bytes);
inline bool IsAscii(std::string_view bytes) {
  for (char c : bytes) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

// Comparison whose time does not depend on where the texts differ. For secrets.
bool EqualsConstantTime(std::string_view a, std::string_view b);

// For maps with std::string keys that are asked with std::string_view.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace pennypost
