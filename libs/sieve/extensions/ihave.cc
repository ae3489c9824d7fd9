// ihave and error (RFC 5463).

#include <algorithm>

#include "sieve/extensions/extensions.h"
#include "sieve/run.h"

namespace pennypost::sieve {
namespace {

// What is known is there from here on, as if it were required.
void CheckIhave(Checker& checker, Statement& statement) {
  for (const std::string& name : statement.Last().strings) checker.Enable(name);
}

bool TestIhave(Run& run, const Statement& statement) {
  const auto& names = statement.Last().strings;
  return std::all_of(names.begin(), names.end(),
                     [&run](const std::string& name) { return run.Requires(name); });
}

Flow RunError(Run& run, const Statement& statement) {
  run.Fail(statement.at, run.Text(statement.Last()));
  return Flow::kStop;
}

}  // namespace

Extension IhaveExtension() {
  return {.capabilities = {{"ihave"}},
          .verbs = {{.name = "ihave",
                     .capability = "ihave",
                     .positional = "l",
                     .check = CheckIhave,
                     .test = TestIhave},
                    {.name = "error", .capability = "ihave", .positional = "s", .run = RunError}}};
}

}  // namespace pennypost::sieve
