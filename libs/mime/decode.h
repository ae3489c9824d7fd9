#pragma once
// Content-Transfer-Encoding decoders (RFC 2045 6). Lenient: mail that others still read is read
// here too.

#include <string>
#include <string_view>

namespace pennypost::mime {

// Foreign characters are skipped (RFC 2045 6.8); a "=" ends a group, so joined encodings decode as
// well.
std::string DecodeBase64(std::string_view text);

// A "=" that starts neither two hex digits nor a soft line break stands for itself; trailing white
// space of a line goes.
std::string DecodeQuotedPrintable(std::string_view text);

// By the name of the encoding; 7bit, 8bit, binary and unknown ones give the bytes as they are.
std::string DecodeTransferEncoding(std::string_view text, std::string_view encoding);
// Whether it is one of those named in RFC 2045 6; no encoding is 7bit.
bool IsKnownTransferEncoding(std::string_view encoding);

}  // namespace pennypost::mime
