// environment (RFC 5183). What the library knows itself is here, the rest is the host's.

#include "base/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

void CheckKeys(Checker& checker, Statement& statement) {
  CheckMatch(checker, statement, statement.Last());
}

std::optional<std::string> Item(Run& run, std::string_view name) {
  if (auto value = run.host.EnvironmentItem(name)) return value;
  if (name == "name") return "Pennypost";
  if (name == "version") return PENNYPOST_VERSION;
  if (name == "location") return "MDA";
  if (name == "phase") return "during";
  return std::nullopt;
}

bool TestEnvironment(Run& run, const Statement& statement) {
  auto value = Item(run, ToLower(run.Text(statement.positional[0])));
  return value && MatchAny(run, statement, {*value}, statement.Last());
}

}  // namespace

Extension EnvironmentExtension() {
  return {.capabilities = {{"environment"}},
          .verbs = {{.name = "environment",
                     .capability = "environment",
                     .positional = "sl",
                     .traits = kMatch,
                     .check = CheckKeys,
                     .test = TestEnvironment}}};
}

}  // namespace pennypost::sieve
