#include "mime/decode.h"

#include <array>
#include <cstdint>

#include "base/text.h"

namespace pennypost::mime {
namespace {

constexpr std::array<int8_t, 256> MakeTable() {
  std::array<int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return table;
}
constexpr std::array<int8_t, 256> kTable = MakeTable();

// The whole bytes among `count` sextets held in `group`.
void FlushGroup(uint32_t group, int count, std::string& out) {
  group <<= 6 * (4 - count);
  for (int i = 0; i < count - 1; ++i)
    out.push_back(static_cast<char>(group >> (16 - 8 * i) & 0xFF));
}

}  // namespace

std::string DecodeBase64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  uint32_t group = 0;
  int count = 0;
  for (char c : text) {
    int value = kTable[static_cast<unsigned char>(c)];
    if (value >= 0) {
      group = group << 6 | static_cast<uint32_t>(value);
      if (++count < 4) continue;
    } else if (c != '=' || count == 0) {
      continue;
    }
    FlushGroup(group, count, out);
    group = 0;
    count = 0;
  }
  FlushGroup(group, count, out);
  return out;
}

std::string DecodeQuotedPrintable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t solid = 0;  // size of `out` without the white space at its end
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\r' || c == '\n') {
      // RFC 2045 6.7 (3): white space before a line end was added on the way.
      out.resize(solid);
      out.push_back(c);
    } else if (c != '=') {
      out.push_back(c);
      if (IsWsp(c)) continue;
    } else {
      std::string_view rest = text.substr(i + 1);
      auto byte = rest.size() >= 2 ? HexDecode(rest.substr(0, 2)) : std::nullopt;
      size_t end = rest.find_first_not_of(" \t");
      if (byte) {
        out += *byte;
        i += 2;
      } else if (end == std::string_view::npos) {
        i = text.size();
      } else if (rest[end] == '\n' || rest.substr(end).starts_with("\r\n")) {
        i += end + (rest[end] == '\n' ? 1 : 2);
      } else {
        out.push_back('=');
      }
    }
    solid = out.size();
  }
  return out;
}

bool IsKnownTransferEncoding(std::string_view encoding) {
  for (std::string_view known : {"7bit", "8bit", "binary", "base64", "quoted-printable"}) {
    if (EqualsIgnoreCase(encoding, known)) return true;
  }
  return encoding.empty();
}

std::string DecodeTransferEncoding(std::string_view text, std::string_view encoding) {
  if (EqualsIgnoreCase(encoding, "base64")) return DecodeBase64(text);
  if (EqualsIgnoreCase(encoding, "quoted-printable")) return DecodeQuotedPrintable(text);
  return std::string(text);
}

}  // namespace pennypost::mime
