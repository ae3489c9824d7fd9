#pragma once
// Text of a script as the value of a header field.

#include <string>
#include <string_view>

namespace pennypost::sieve {

// One line: no value can start a field of its own. Encoded where it is not ASCII (RFC 2047), a word
// at most 75 octets.
std::string FieldValue(std::string_view value);

}  // namespace pennypost::sieve
