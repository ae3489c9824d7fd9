#pragma once
// The bytes of a message as they go out.

#include <string>
#include <string_view>

namespace pennypost::relay {

// A lone CR or LF becomes CRLF, a NUL goes (ROBUSTNESS S2): before signing, so that what is signed
// is what is sent. A last line without an end gets one.
std::string NormalizeLines(std::string_view content);

// The domain of the From field, by which a message is signed; empty where there is none that can be
// read.
std::string FromDomain(std::string_view content);

}  // namespace pennypost::relay
