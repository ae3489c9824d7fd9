#pragma once
// ${hex: 40} and ${unicode: 2603} in strings (RFC 5228 2.4.2.4).

#include <string>

namespace pennypost::sieve {

// In place. What is not well-formed stays as it is; false with `error` for a code point that does
// not exist.
bool DecodeEncodedCharacters(std::string& text, std::string& error);

}  // namespace pennypost::sieve
