#pragma once
// Dates that files of mail hold.

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

namespace pennypost::mailfile {

// When the message came: the date of its first Received field, else its Date.
std::optional<absl::Time> DateOfHeader(std::string_view message);

// The From_ line of an mbox, "From sender Thu Nov 26 05:22:05 2026", without its line end. The
// date is taken as UTC unless a zone stands before or behind the year.
struct FromLine {
  std::string sender;
  std::optional<absl::Time> date;
};
// Nothing for a line that does not begin with "From ".
std::optional<FromLine> ParseFromLine(std::string_view line);
std::string MakeFromLine(std::string_view sender, absl::Time date);

}  // namespace pennypost::mailfile
