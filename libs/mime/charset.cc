#include "mime/charset.h"

#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/utf8.h>

#include <memory>

#include "base/text.h"

namespace pennypost::mime {
namespace {

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

// A longer name is no charset; the check also keeps attacker text out of ICU's alias tables.
constexpr size_t kMaxName = 60;

Converter Open(std::string_view charset) {
  if (charset.empty() || charset.size() > kMaxName) return nullptr;
  std::string name(charset);
  // A comma makes ICU read options, an empty name its default converter.
  for (char c : name) {
    if (!IsAlpha(c) && !IsDigit(c) && std::string_view("-_:.+").find(c) == std::string_view::npos) {
      return nullptr;
    }
  }
  // What the world calls these includes the windows-1252 and GBK extensions (as the WHATWG table
  // says).
  std::string lower = ToLower(name);
  if (lower == "iso-8859-1" || lower == "latin1" || lower == "us-ascii") name = "windows-1252";
  if (lower == "gb2312" || lower == "gbk") name = "gb18030";
  if (lower == "ks_c_5601-1987" || lower == "euc-kr") name = "windows-949";
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name.c_str(), &error));
  return U_SUCCESS(error) ? std::move(converter) : nullptr;
}

std::string Convert(UConverter* from, std::string_view bytes) {
  UErrorCode error = U_ZERO_ERROR;
  Converter to(ucnv_open("UTF-8", &error));
  if (U_FAILURE(error)) return {};
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 2);
  const char* source = bytes.data();
  const char* end = source + bytes.size();
  UChar pivot[1024];
  UChar* pivot_source = pivot;
  UChar* pivot_target = pivot;
  bool reset = true;
  for (;;) {
    char buffer[4096];
    char* target = buffer;
    error = U_ZERO_ERROR;
    ucnv_convertEx(to.get(), from, &target, buffer + sizeof buffer, &source, end, pivot,
                   &pivot_source, &pivot_target, pivot + 1024, reset, true, &error);
    reset = false;
    out.append(buffer, static_cast<size_t>(target - buffer));
    if (error != U_BUFFER_OVERFLOW_ERROR) break;
  }
  return out;
}

bool IsUtf8Name(std::string_view name) {
  return EqualsIgnoreCase(name, "utf-8") || EqualsIgnoreCase(name, "utf8");
}

}  // namespace

std::string ToUtf8(std::string_view bytes, std::string_view charset) {
  charset = Trim(charset);
  bool plain_ascii =
      charset.empty() || IsUtf8Name(charset) || EqualsIgnoreCase(charset, "us-ascii");
  if (plain_ascii && IsUtf8(bytes)) return std::string(bytes);
  Converter converter = Open(charset);
  if (!converter) {
    if (IsUtf8(bytes)) return std::string(bytes);
    converter = Open("windows-1252");
  }
  if (!converter) return {};
  return Convert(converter.get(), bytes);
}

bool IsKnownCharset(std::string_view charset) {
  return IsUtf8Name(charset) || EqualsIgnoreCase(charset, "us-ascii") || Open(charset) != nullptr;
}

std::string FoldCase(std::string_view utf8) {
  if (IsAscii(utf8)) return ToLower(utf8);
  std::string out;
  out.reserve(utf8.size());
  const auto* bytes = reinterpret_cast<const uint8_t*>(utf8.data());
  auto size = static_cast<int32_t>(std::min<size_t>(utf8.size(), INT32_MAX));
  for (int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    if (c < 0) c = 0xFFFD;
    c = u_foldCase(c, U_FOLD_CASE_DEFAULT);
    uint8_t encoded[4];
    int32_t length = 0;
    U8_APPEND_UNSAFE(encoded, length, c);
    out.append(reinterpret_cast<const char*>(encoded), static_cast<size_t>(length));
  }
  return out;
}

}  // namespace pennypost::mime
