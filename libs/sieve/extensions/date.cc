// date and currentdate (RFC 5260 4 and 5). The host says what time it is.

#include <fmt/format.h>

#include "base/text.h"
#include "sieve/date_time.h"
#include "sieve/extensions/extensions.h"
#include "sieve/header_values.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

void CheckDate(Checker& checker, Statement& statement) {
  size_t part = statement.positional.size() - 2;
  if (part > 0) checker.CheckHeaderNames(statement.positional[0]);
  const std::string& name = statement.positional[part].strings[0];
  if (checker.IsConstant(name) && !IsDatePart(name)) {
    checker.Fail(statement.positional[part].at, fmt::format("unknown part of a date '{}'", name));
  }
  if (const Argument* zone = statement.Tag("zone")) {
    if (checker.IsConstant(zone->strings[0]) && !ParseZone(zone->strings[0])) {
      checker.Fail(zone->at, fmt::format("'{}' is no time zone such as +0100", zone->strings[0]));
    }
  }
  CheckMatch(checker, statement, statement.Last());
}

int LocalZone(Run& run, absl::Time time) {
  return run.host.Zone().At(time).offset;
}

bool Compare(Run& run, const Statement& statement, const DateTime& date) {
  int zone = LocalZone(run, date.time);
  if (const Argument* given = statement.Tag("zone")) {
    zone = ParseZone(run.Text(*given)).value_or(zone);
  } else if (statement.Has("originalzone")) {
    zone = date.zone_seconds;
  }
  std::string part = ToLower(run.Text(statement.positional[statement.positional.size() - 2]));
  std::vector<std::string> values;
  if (IsDatePart(part)) values.push_back(DatePart(part, date.time, zone));
  return MatchAny(run, statement, values, statement.Last());
}

bool TestDate(Run& run, const Statement& statement) {
  std::vector<std::string> fields =
      RawHeaderValues(run, statement, {run.Text(statement.positional[0])});
  std::optional<DateTime> date;
  if (!fields.empty()) date = ParseDateTime(fields[0]);
  if (!date) return MatchAny(run, statement, {}, statement.Last());
  return Compare(run, statement, *date);
}

bool TestCurrentDate(Run& run, const Statement& statement) {
  absl::Time now = run.host.Now();
  return Compare(run, statement, {now, LocalZone(run, now)});
}

}  // namespace

Extension DateExtension() {
  return {.capabilities = {{"date"}},
          .verbs = {{.name = "date",
                     .capability = "date",
                     .positional = "ssl",
                     .traits = kMatch | kTakesHeaders,
                     .tags = {{.name = "zone", .value = ValueType::kString, .group = "zone"},
                              {.name = "originalzone", .group = "zone"}},
                     .check = CheckDate,
                     .test = TestDate},
                    {.name = "currentdate",
                     .capability = "date",
                     .positional = "sl",
                     .traits = kMatch,
                     .tags = {{.name = "zone", .value = ValueType::kString, .group = "zone"}},
                     .check = CheckDate,
                     .test = TestCurrentDate}}};
}

}  // namespace pennypost::sieve
