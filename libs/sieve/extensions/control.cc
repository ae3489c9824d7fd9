// require, if, elsif, else, stop (RFC 5228 3) and the tests that join tests (5.2, 5.3, 5.6, 5.10).

#include <fmt/format.h>

#include "sieve/extensions/extensions.h"
#include "sieve/run.h"

namespace pennypost::sieve {
namespace {

void CheckRequire(Checker& checker, Statement& statement) {
  if (!checker.AllowsRequire()) {
    return checker.Fail(statement.at, "'require' must stand before all other commands");
  }
  for (const std::string& name : statement.Last().strings) {
    if (!checker.Enable(name)) {
      checker.Fail(statement.Last().at, fmt::format("extension '{}' is not known", name));
    }
  }
}

void CheckElse(Checker& checker, Statement& statement) {
  if (checker.previous() != "if" && checker.previous() != "elsif") {
    checker.Fail(statement.at,
                 fmt::format("'{}' must follow 'if' or 'elsif'", statement.verb->name));
  }
}

Flow RunRequire(Run&, const Statement&) {
  return Flow::kNext;
}

Flow Branch(Run& run, const Statement& statement) {
  if (!statement.tests.empty() && !run.Test(statement.tests[0])) return Flow::kNext;
  run.chain_done = true;
  return run.Block(statement.block);
}

Flow RunIf(Run& run, const Statement& statement) {
  run.chain_done = false;
  return Branch(run, statement);
}

Flow RunElse(Run& run, const Statement& statement) {
  return run.chain_done ? Flow::kNext : Branch(run, statement);
}

Flow RunStop(Run&, const Statement&) {
  return Flow::kStop;
}

bool AllOf(Run& run, const Statement& statement) {
  for (const Statement& test : statement.tests) {
    if (!run.Test(test)) return false;
  }
  return true;
}

bool AnyOf(Run& run, const Statement& statement) {
  for (const Statement& test : statement.tests) {
    if (run.Test(test)) return true;
    if (run.failed()) return false;
  }
  return false;
}

bool Not(Run& run, const Statement& statement) {
  return !run.Test(statement.tests[0]);
}

bool True(Run&, const Statement&) {
  return true;
}

bool False(Run&, const Statement&) {
  return false;
}

}  // namespace

Extension ControlExtension() {
  return {
      .verbs = {
          {.name = "require", .positional = "l", .check = CheckRequire, .run = RunRequire},
          {.name = "if", .traits = kTakesTest | kTakesBlock, .run = RunIf},
          {.name = "elsif", .traits = kTakesTest | kTakesBlock, .check = CheckElse, .run = RunElse},
          {.name = "else", .traits = kTakesBlock, .check = CheckElse, .run = RunElse},
          {.name = "stop", .run = RunStop},
          {.name = "allof", .traits = kTakesTests, .test = AllOf},
          {.name = "anyof", .traits = kTakesTests, .test = AnyOf},
          {.name = "not", .traits = kTakesTest, .test = Not},
          {.name = "true", .test = True},
          {.name = "false", .test = False},
      }};
}

}  // namespace pennypost::sieve
