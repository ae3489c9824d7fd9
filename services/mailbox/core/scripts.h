#pragma once
// Rules for the scripts of an account: names, room, errors in words.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sieve/script.h"

namespace pennypost::mailbox {

inline constexpr uint64_t kMaxScripts = 32;
inline constexpr uint64_t kMaxScriptsBytes = 4 << 20;

// RFC 5804 1.6: UTF-8 without control characters; at most 512 bytes.
absl::Status CheckScriptName(std::string_view name);

// Whether a script of `size` bytes finds room beside the `others` of the account. TOO_BIG,
// OVER_QUOTA.
absl::Status CheckScriptRoom(uint64_t others, uint64_t others_bytes, uint64_t size);

// InvalidArgument with one line an error. RFC 5804 2.6: scripts are stored only if they compile.
absl::StatusOr<sieve::Script> CompileScript(std::string_view content);

}  // namespace pennypost::mailbox
