// spamtest, spamtestplus and virustest (RFC 5235). The host has the verdicts.

#include <fmt/format.h>

#include "sieve/extensions/extensions.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

void CheckKeys(Checker& checker, Statement& statement) {
  CheckMatch(checker, statement, statement.Last());
}

// RFC 5235 2.1: :count asks whether it was tested at all.
bool MatchScore(Run& run, const Statement& statement, bool tested, int score) {
  std::vector<std::string> values;
  if (tested || !statement.Has("count")) values.push_back(fmt::format("{}", score));
  return MatchAny(run, statement, values, statement.Last());
}

bool TestSpam(Run& run, const Statement& statement) {
  int percent = run.host.SpamPercent();
  if (statement.Has("percent")) {
    return MatchScore(run, statement, percent >= 0, std::max(percent, 0));
  }
  int score = run.host.SpamScore();
  return MatchScore(run, statement, score > 0, score);
}

bool TestVirus(Run& run, const Statement& statement) {
  int score = run.host.VirusScore();
  return MatchScore(run, statement, score > 0, score);
}

}  // namespace

Extension SpamTestExtension() {
  return {.capabilities = {{"spamtest"}, {"spamtestplus", "spamtest"}, {"virustest"}},
          .verbs = {{.name = "spamtest",
                     .capability = "spamtest",
                     .positional = "s",
                     .traits = kMatch,
                     .tags = {{.name = "percent", .capability = "spamtestplus"}},
                     .check = CheckKeys,
                     .test = TestSpam},
                    {.name = "virustest",
                     .capability = "virustest",
                     .positional = "s",
                     .traits = kMatch,
                     .check = CheckKeys,
                     .test = TestVirus}}};
}

}  // namespace pennypost::sieve
