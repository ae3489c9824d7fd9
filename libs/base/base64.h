#pragma once
// Base64 of RFC 4648 4, strict.

#include <optional>
#include <string>
#include <string_view>

namespace pennypost {

std::string Base64Encode(std::string_view bytes);
// Nothing for a wrong length, a foreign character, misplaced padding or non-zero trailing bits.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace pennypost
