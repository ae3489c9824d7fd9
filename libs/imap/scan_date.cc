// Dates of APPEND and SEARCH.

#include <absl/time/civil_time.h>

#include "base/status.h"
#include "base/text.h"
#include "imap/scanner.h"

namespace pennypost::imap {
namespace {

constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// The number in a field of digits that may start with a space.
std::optional<int> Field(std::string_view text) {
  if (text.starts_with(' ')) text.remove_prefix(1);
  auto number = ParseUint(text);
  if (!number || *number > 9999) return std::nullopt;
  return static_cast<int>(*number);
}

// "d-Mon-yyyy", day with one or two digits or a space before it.
std::optional<absl::CivilDay> ParseDay(std::string_view text) {
  auto parts = Split(text, '-');
  if (parts.size() != 3 || parts[0].size() > 2 || parts[2].size() != 4) return std::nullopt;
  auto day = Field(parts[0]);
  auto year = Field(parts[2]);
  for (int month = 1; month <= 12; ++month) {
    if (!EqualsIgnoreCase(parts[1], kMonths[month - 1])) continue;
    if (!day || !year) return std::nullopt;
    absl::CivilDay civil(*year, month, *day);
    if (civil.day() != *day || civil.month() != month) return std::nullopt;
    return civil;
  }
  return std::nullopt;
}

// " hh:mm:ss +zzzz" behind the day.
std::optional<absl::Time> ParseRest(absl::CivilDay day, std::string_view text) {
  if (text.size() != 15 || text[0] != ' ' || text[3] != ':' || text[6] != ':' || text[9] != ' ') {
    return std::nullopt;
  }
  auto hour = Field(text.substr(1, 2));
  auto minute = Field(text.substr(4, 2));
  auto second = Field(text.substr(7, 2));
  auto zone_hour = Field(text.substr(11, 2));
  auto zone_minute = Field(text.substr(13, 2));
  if (!hour || !minute || !second || !zone_hour || !zone_minute) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60 || *zone_minute > 59) return std::nullopt;
  if (text[10] != '+' && text[10] != '-') return std::nullopt;
  absl::Time local = absl::FromCivil(
      absl::CivilSecond(day.year(), day.month(), day.day(), *hour, *minute, *second),
      absl::UTCTimeZone());
  absl::Duration zone = absl::Hours(*zone_hour) + absl::Minutes(*zone_minute);
  return text[10] == '+' ? local - zone : local + zone;
}

}  // namespace

// RFC 9051 9 date-time
absl::StatusOr<absl::Time> Scanner::DateTime() {
  if (Peek() != '"') return SyntaxError("Expected a date");
  ASSIGN_OR_RETURN(std::string text, Quoted());
  std::string_view view(text);
  if (view.size() < 15) return SyntaxError("Bad date");
  auto day = ParseDay(view.substr(0, view.size() - 15));
  auto time = day ? ParseRest(*day, view.substr(view.size() - 15)) : std::nullopt;
  if (!time) return SyntaxError("Bad date");
  return *time;
}

// RFC 9051 9 date
absl::StatusOr<int32_t> Scanner::Date() {
  ASSIGN_OR_RETURN(std::string text, AString());
  auto day = ParseDay(text);
  if (!day) return SyntaxError("Bad date");
  return static_cast<int32_t>(*day - absl::CivilDay(1970, 1, 1));
}

}  // namespace pennypost::imap
