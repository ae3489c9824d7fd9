#pragma once
// Text in any charset to UTF-8.

#include <string>
#include <string_view>

namespace pennypost::mime {

// Never fails and always gives well-formed UTF-8: an unknown or empty charset is taken as UTF-8
// where the bytes are, else as windows-1252; what cannot be converted becomes U+FFFD.
std::string ToUtf8(std::string_view bytes, std::string_view charset);

// True if SEARCH CHARSET may name it.
bool IsKnownCharset(std::string_view charset);

// For comparison without case over all of Unicode (simple case folding). Input and output UTF-8.
std::string FoldCase(std::string_view utf8);

}  // namespace pennypost::mime
