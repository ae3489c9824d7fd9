#include "sieve/date_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.h"
#include "mime/parameters.h"

namespace pennypost::sieve {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kParts = {"year",   "month",   "day",    "date",
                                                     "julian", "hour",    "minute", "second",
                                                     "time",   "iso8601", "std11",  "zone"};

std::string ZoneText(int seconds) {
  int minutes = std::abs(seconds) / 60;
  return fmt::format("{}{:02}{:02}", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

// RFC 5322 4.3: the names of old; all else is of no known meaning and taken as UTC.
int NamedZone(std::string_view name) {
  constexpr std::pair<std::string_view, int> kNames[] = {{"est", -5}, {"edt", -4}, {"cst", -6},
                                                         {"cdt", -5}, {"mst", -7}, {"mdt", -6},
                                                         {"pst", -8}, {"pdt", -7}};
  for (const auto& [zone, hours] : kNames) {
    if (EqualsIgnoreCase(zone, name)) return hours * 3600;
  }
  return 0;
}

std::optional<int> Number(std::string_view text, int low, int high) {
  auto value = ParseUint(text);
  if (!value || *value > static_cast<uint64_t>(high) || static_cast<int>(*value) < low) {
    return std::nullopt;
  }
  return static_cast<int>(*value);
}

int Weekday(absl::CivilDay day) {
  return (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;
}

}  // namespace

std::optional<int> ParseZone(std::string_view text) {
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  auto hours = Number(text.substr(1, 2), 0, 23);
  auto minutes = Number(text.substr(3, 2), 0, 59);
  if (!hours || !minutes) return std::nullopt;
  int seconds = *hours * 3600 + *minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

std::optional<DateTime> ParseDateTime(std::string_view field) {
  if (size_t semicolon = field.rfind(';'); semicolon != std::string_view::npos) {
    field.remove_prefix(semicolon + 1);
  }
  // Words without comments; "," and ":" part them.
  std::vector<std::string> words;
  mime::FieldLexer lexer(field, ",:");
  for (mime::FieldToken token = lexer.Next(); token.kind != mime::FieldToken::Kind::kEnd;
       token = lexer.Next()) {
    if (token.kind == mime::FieldToken::Kind::kAtom) words.push_back(token.text);
    if (words.size() > 8) return std::nullopt;
  }
  if (!words.empty() && !IsDigit(words[0].empty() ? 'x' : words[0][0])) words.erase(words.begin());
  if (words.size() < 5) return std::nullopt;
  auto day = Number(words[0], 1, 31);
  auto month = std::find_if(kMonths.begin(), kMonths.end(), [&words](std::string_view name) {
    return StartsWithIgnoreCase(words[1], name);
  });
  auto year = Number(words[2], 0, 9999);
  auto hour = Number(words[3], 0, 23);
  auto minute = Number(words[4], 0, 59);
  if (!day || month == kMonths.end() || !year || !hour || !minute) return std::nullopt;
  // RFC 5322 4.3
  if (words[2].size() == 2) *year += *year < 50 ? 2000 : 1900;
  if (words[2].size() == 3) *year += 1900;
  size_t next = 5;
  int second = 0;
  if (words.size() > next && IsDigit(words[next][0])) {
    second = Number(words[next++], 0, 60).value_or(0);
  }
  DateTime out;
  if (words.size() > next) {
    out.zone_seconds = ParseZone(words[next]).value_or(NamedZone(words[next]));
  }
  absl::CivilSecond civil(*year, month - kMonths.begin() + 1, *day, *hour, *minute, second);
  out.time = absl::FromCivil(civil, absl::FixedTimeZone(out.zone_seconds));
  return out;
}

bool IsDatePart(std::string_view part) {
  return EqualsIgnoreCase(part, "weekday") ||
         std::any_of(kParts.begin(), kParts.end(),
                     [part](std::string_view known) { return EqualsIgnoreCase(known, part); });
}

std::string DatePart(std::string_view part, absl::Time time, int zone_seconds) {
  absl::CivilSecond at = absl::ToCivilSecond(time, absl::FixedTimeZone(zone_seconds));
  absl::CivilDay day(at);
  if (part == "year") return fmt::format("{:04}", at.year());
  if (part == "month") return fmt::format("{:02}", at.month());
  if (part == "day") return fmt::format("{:02}", at.day());
  if (part == "date") return fmt::format("{:04}-{:02}-{:02}", at.year(), at.month(), at.day());
  // Days since 17 November 1858 (RFC 5260 4.2).
  if (part == "julian") return fmt::format("{}", day - absl::CivilDay(1858, 11, 17));
  if (part == "hour") return fmt::format("{:02}", at.hour());
  if (part == "minute") return fmt::format("{:02}", at.minute());
  if (part == "second") return fmt::format("{:02}", at.second());
  std::string clock = fmt::format("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
  if (part == "time") return clock;
  std::string zone = ZoneText(zone_seconds);
  if (part == "iso8601") {
    return fmt::format("{:04}-{:02}-{:02}T{}{}:{}", at.year(), at.month(), at.day(), clock,
                       zone.substr(0, 3), zone.substr(3));
  }
  if (part == "std11") {
    std::string month(kMonths[static_cast<size_t>(at.month() - 1)]);
    month[0] = AsciiUpper(month[0]);
    return fmt::format("{}, {:02} {} {:04} {} {}", kDays[static_cast<size_t>(Weekday(day))],
                       at.day(), month, at.year(), clock, zone);
  }
  if (part == "zone") return zone;
  return fmt::format("{}", Weekday(day));
}

}  // namespace pennypost::sieve
