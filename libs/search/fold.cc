#include "search/fold.h"

#include <unicode/unistr.h>

#include "base/text.h"

namespace pennypost::search {

std::string Fold(std::string_view text) {
  if (IsAscii(text)) return ToLower(text);
  std::string out;
  icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())))
      .foldCase()
      .toUTF8String(out);
  return out;
}

}  // namespace pennypost::search
