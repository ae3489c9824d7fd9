// duplicate (RFC 7352). The host remembers; the id goes with the actions, to be remembered only
// once the mail is stored.

#include <fmt/format.h>

#include "base/id.h"
#include "base/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/run.h"

namespace pennypost::sieve {
namespace {

constexpr uint64_t kDefaultSeconds = 7 * 86'400;
constexpr uint64_t kMaxSeconds = 30 * 86'400;

void CheckDuplicate(Checker& checker, Statement& statement) {
  if (const Argument* name = statement.Tag("header")) checker.CheckHeaderNames(*name);
}

std::string ValueOf(Run& run, const Statement& statement) {
  if (const Argument* id = statement.Tag("uniqueid")) return run.Text(*id);
  const Argument* header = statement.Tag("header");
  std::vector<std::string> values =
      run.message.RawValues(header == nullptr ? "Message-ID" : run.Text(*header));
  return values.empty() ? std::string() : values[0];
}

bool TestDuplicate(Run& run, const Statement& statement) {
  std::string value = ValueOf(run, statement);
  // RFC 7352 3: without a value nothing can be a duplicate.
  if (value.empty()) return false;
  const Argument* handle = statement.Tag("handle");
  // Two handles never share an id, nor do a header's value and a unique id.
  std::string key = fmt::format("{}\n{}\n{}", handle == nullptr ? "" : run.Text(*handle),
                                statement.Has("uniqueid") ? "id" : "header", value);
  RememberDuplicate action{HexEncode(Sha256(key)), kDefaultSeconds};
  if (const Argument* seconds = statement.Tag("seconds")) {
    action.seconds = std::min(seconds->number, kMaxSeconds);
  }
  bool last = statement.Has("last");
  bool seen = run.host.SeenDuplicate(action.id, action.seconds, last);
  if (!seen || last) run.Act(statement.at, std::move(action));
  return seen;
}

}  // namespace

Extension DuplicateExtension() {
  return {.capabilities = {{"duplicate"}},
          .verbs = {{.name = "duplicate",
                     .capability = "duplicate",
                     .tags = {{.name = "handle", .value = ValueType::kString},
                              {.name = "header", .value = ValueType::kString, .group = "id"},
                              {.name = "uniqueid", .value = ValueType::kString, .group = "id"},
                              {.name = "seconds", .value = ValueType::kNumber},
                              {.name = "last"}},
                     .check = CheckDuplicate,
                     .test = TestDuplicate}}};
}

}  // namespace pennypost::sieve
