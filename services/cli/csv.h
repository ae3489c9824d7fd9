#pragma once
// CSV of RFC 4180, for account import.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pennypost::cli {

struct CsvRecord {
  int line = 0;  // where it begins
  std::vector<std::string> fields;
};

// Quoted fields may hold commas, quotes (doubled) and line ends. InvalidArgument with the line.
absl::StatusOr<std::vector<CsvRecord>> ParseCsv(std::string_view text);

}  // namespace pennypost::cli
