#pragma once
// Dates of header fields (RFC 5322 3.3) and date parts (RFC 5260 4.2).

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

namespace pennypost::sieve {

struct DateTime {
  absl::Time time;
  int zone_seconds = 0;  // east of UTC, as written
};

// Also the last of the pieces between semicolons, as in Received.
std::optional<DateTime> ParseDateTime(std::string_view field);

// "+0100"; nothing for anything else.
std::optional<int> ParseZone(std::string_view text);

bool IsDatePart(std::string_view part);
// `part` in lower case.
std::string DatePart(std::string_view part, absl::Time time, int zone_seconds);

}  // namespace pennypost::sieve
