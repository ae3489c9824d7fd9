#pragma once
#include <string>
#include <string_view>

namespace pennypost::search {

// For comparison without case in any script (RFC 5255 i;unicode-casemap in effect): well-formed
// UTF-8 in, UTF-8 out. Each character is folded by itself, so that the fold of a part of a text is
// a part of the text's fold.
std::string Fold(std::string_view text);

}  // namespace pennypost::search
