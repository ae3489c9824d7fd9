#pragma once
// Flags of IMAP as files keep them.

#include <string>
#include <string_view>
#include <vector>

namespace pennypost::mailfile {

// What the store takes, each once: system flags and keywords that are atoms (RFC 9051 9) of at most
// 100 bytes, at most 100 of them; `\Recent` and what is no flag goes.
std::vector<std::string> CleanFlags(const std::vector<std::string>& flags);

bool HasFlag(const std::vector<std::string>& flags, std::string_view flag);

}  // namespace pennypost::mailfile
