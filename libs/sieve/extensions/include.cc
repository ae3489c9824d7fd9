// include, return and global (RFC 6609). The host has the scripts.

#include <fmt/format.h>

#include "base/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/run.h"
#include "sieve/variable_name.h"

namespace pennypost::sieve {
namespace {

void CheckGlobal(Checker& checker, Statement& statement) {
  if (!checker.Requires("variables")) {
    checker.Fail(statement.at, "'global' needs require \"variables\"");
  }
  for (const std::string& name : statement.Last().strings) {
    if (!IsVariableName(name)) {
      checker.Fail(statement.Last().at, fmt::format("'{}' is not the name of a variable", name));
    }
  }
}

// The script's own variables are unknown in the one it includes (RFC 6609 3.4).
Flow RunScript(Run& run, const Script& script) {
  auto variables = std::exchange(run.variables, {});
  auto globals = std::exchange(run.globals, {});
  auto match_values = std::exchange(run.match_values, {});
  ++run.include_depth;
  Flow flow = run.Statements(script);
  --run.include_depth;
  run.variables = std::move(variables);
  run.globals = std::move(globals);
  run.match_values = std::move(match_values);
  return flow == Flow::kStop ? Flow::kStop : Flow::kNext;
}

Flow RunInclude(Run& run, const Statement& statement) {
  std::string name = run.Text(statement.Last());
  bool global = statement.Has("global");
  std::string key = fmt::format("{}:{}", global ? "global" : "personal", name);
  if (statement.Has("once") && run.included.contains(key)) return Flow::kNext;
  if (run.include_depth >= run.limits.max_include_depth) {
    run.Fail(statement.at, fmt::format("scripts include each other deeper than {}",
                                       run.limits.max_include_depth));
    return Flow::kStop;
  }
  auto text = run.host.ScriptText(global ? ScriptPlace::kGlobal : ScriptPlace::kPersonal, name);
  if (!text) {
    if (statement.Has("optional")) return Flow::kNext;
    run.Fail(statement.at, fmt::format("include: there is no script '{}'", name));
    return Flow::kStop;
  }
  if (!run.Spend(16 + text->size() / 16)) return Flow::kStop;
  Script script = Compile(*text, run.limits);
  if (!script.ok()) {
    run.Fail(statement.at,
             fmt::format("include: script '{}': {}", name, script.errors[0].ToString()));
    return Flow::kStop;
  }
  run.included.insert(std::move(key));
  return RunScript(run, script);
}

Flow RunReturn(Run&, const Statement&) {
  return Flow::kReturn;
}

Flow RunGlobal(Run& run, const Statement& statement) {
  for (const std::string& name : statement.Last().strings) run.globals.insert(ToLower(name));
  return Flow::kNext;
}

}  // namespace

Extension IncludeExtension() {
  return {.capabilities = {{"include"}},
          .verbs = {{.name = "include",
                     .capability = "include",
                     .positional = "s",
                     .tags = {{.name = "personal", .group = "place"},
                              {.name = "global", .group = "place"},
                              {.name = "once"},
                              {.name = "optional"}},
                     .run = RunInclude},
                    {.name = "return", .capability = "include", .run = RunReturn},
                    {.name = "global",
                     .capability = "include",
                     .positional = "l",
                     .check = CheckGlobal,
                     .run = RunGlobal}}};
}

}  // namespace pennypost::sieve
