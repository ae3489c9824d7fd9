#include "smtp/parse_envelope.h"

#include "base/text.h"

namespace pennypost::smtp {
namespace {

constexpr size_t kMaxParams = 16;

bool IsKeyword(std::string_view text) {
  if (text.empty() || text[0] == '-') return false;
  for (char c : text) {
    if (!IsAlpha(c) && !IsDigit(c) && c != '-') return false;
  }
  return true;
}

// Any octet but "=", SP and control (UTF-8: RFC 6531 3.3 lets values hold it).
bool IsValue(std::string_view text) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '=') return false;
  }
  return !text.empty();
}

bool IsUpperHex(char c) {
  return IsDigit(c) || (c >= 'A' && c <= 'F');
}

}  // namespace

std::optional<std::vector<EsmtpParam>> ParseEsmtpParams(std::string_view text) {
  std::vector<EsmtpParam> params;
  if (!text.empty() && text[0] != ' ') return std::nullopt;
  while (!text.empty()) {
    size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) break;
    size_t end = std::min(text.find(' ', begin), text.size());
    std::string_view item = text.substr(begin, end - begin);
    text.remove_prefix(end);
    size_t equals = item.find('=');
    EsmtpParam param{.keyword = item.substr(0, equals), .value = ""};
    param.has_value = equals != std::string_view::npos;
    if (param.has_value) param.value = item.substr(equals + 1);
    if (!IsKeyword(param.keyword) || (param.has_value && !IsValue(param.value))) {
      return std::nullopt;
    }
    for (const EsmtpParam& other : params) {
      if (EqualsIgnoreCase(other.keyword, param.keyword)) return std::nullopt;
    }
    if (params.size() == kMaxParams) return std::nullopt;
    params.push_back(param);
  }
  return params;
}

bool IsXtext(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] < '!' || text[i] > '~' || text[i] == '=') return false;
    if (text[i] != '+') continue;
    if (i + 2 >= text.size() || !IsUpperHex(text[i + 1]) || !IsUpperHex(text[i + 2])) return false;
    i += 2;
  }
  return !text.empty();
}

std::string DecodeXtext(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && i + 2 < text.size()) {
      out += HexDecode(text.substr(i + 1, 2)).value_or("?");
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace pennypost::smtp
