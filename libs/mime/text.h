#pragma once
// The words of a message, for SEARCH and the search index.

#include <cstddef>
#include <string>
#include <string_view>

#include "mime/structure.h"

namespace pennypost::mime {

// The text parts decoded to UTF-8, HTML without its tags, one after the other; at most about
// `limit` bytes.
std::string ExtractText(std::string_view message, const Structure& structure,
                        size_t limit = 1 << 20);

// One text part decoded to UTF-8, as written. `body` is the part's own bytes.
std::string DecodeTextPart(std::string_view body, const Part& part);

// HTML as running text: no tags, scripts or styles, the common character references decoded. For
// search only.
std::string HtmlToText(std::string_view html);

}  // namespace pennypost::mime
