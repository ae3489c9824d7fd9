#pragma once
// Files of this system end their lines with LF, stored mail with CRLF.

#include <string>
#include <string_view>

namespace pennypost::mailfile {

// CRLF for each LF that has no CR before it. What has CRLF already stays as it is.
std::string ToCrlf(std::string_view text);
// LF for each CRLF; a bare CR stays. ToLf(ToCrlf(x)) is x unless x holds a CRLF.
std::string ToLf(std::string_view text);

}  // namespace pennypost::mailfile
