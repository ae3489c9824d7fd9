#pragma once
// Header text for people: encoded-words to UTF-8 (RFC 2047).

#include <string>
#include <string_view>

namespace pennypost::mime {

// Unfolds, decodes every encoded-word and drops the white space between two of them (RFC 2047 6.2).
// Raw 8-bit text is taken as UTF-8 or windows-1252. Linear time, always well-formed UTF-8.
std::string DecodeHeader(std::string_view value);

}  // namespace pennypost::mime
