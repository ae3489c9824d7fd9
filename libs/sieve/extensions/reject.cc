// reject and ereject (RFC 5429).

#include "sieve/extensions/extensions.h"
#include "sieve/run.h"

namespace pennypost::sieve {
namespace {

Flow RunReject(Run& run, const Statement& statement) {
  run.Act(statement.at, Reject{run.Text(statement.Last()), statement.verb->name == "ereject"});
  return Flow::kNext;
}

}  // namespace

Extension RejectExtension() {
  return {
      .capabilities = {{"reject"}, {"ereject"}},
      .verbs = {{.name = "reject", .capability = "reject", .positional = "s", .run = RunReject},
                {.name = "ereject", .capability = "ereject", .positional = "s", .run = RunReject}}};
}

}  // namespace pennypost::sieve
