#pragma once
// CSV of RFC 4180, for account import.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pennypost::cli {

// Records of fields; quoted fields may hold commas, quotes (doubled) and line ends. InvalidArgument
// with the line.
absl::StatusOr<std::vector<std::vector<std::string>>> ParseCsv(std::string_view text);

}  // namespace pennypost::cli
