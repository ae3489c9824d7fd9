// vnd.dovecot.testsuite: the commands and tests of test files. Only in their dialect.

#include "sieve/testsuite.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/language.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

TestSuite& Suite(Run& run) {
  return *run.host.test_suite();
}

// A loop over tests would start the budget anew without end.
void CheckTest(Checker& checker, Statement& statement) {
  if (checker.loop_depth() > 0) checker.Fail(statement.at, "'test' inside of foreverypart");
}

// One test: its failure or error is its own, the file goes on. The budget starts anew.
Flow RunTest(Run& run, const Statement& statement) {
  TestSuite& suite = Suite(run);
  std::string name = run.Text(statement.Last());
  suite.failure.reset();
  suite.errors.clear();
  suite.sent.clear();
  run.result = {};
  run.flags.clear();
  run.Block(statement.block);
  if (run.failed() && !suite.failure) suite.failure = run.result.error->ToString();
  run.result.error.reset();
  run.result.steps = 0;
  if (suite.failure) {
    suite.report.failed.push_back({std::move(name), *suite.failure});
  } else {
    ++suite.report.passed;
  }
  suite.failure.reset();
  return Flow::kNext;
}

Flow RunTestFail(Run& run, const Statement& statement) {
  Suite(run).failure = fmt::format("line {}: {}", statement.at.line, run.Text(statement.Last()));
  return Flow::kStop;
}

Flow RunTestSet(Run& run, const Statement& statement) {
  std::string name = ToLower(run.Text(statement.positional[0]));
  std::string value = run.Text(statement.positional[1]);
  if (name == "message") {
    run.message.Replace(std::move(value));
  } else if (name == "envelope" || name == "envelope.from") {
    run.envelope.from = std::move(value);
  } else if (name == "envelope.to") {
    run.envelope.to = std::move(value);
  } else if (name == "envelope.orig_to") {
    run.envelope.original_to = std::move(value);
  } else {
    run.Fail(statement.at, fmt::format("test_set: unknown name '{}'", name));
  }
  return Flow::kNext;
}

// A file's messages: `test_message :smtp 0` or `test_message :folder "name" 0`.
bool TakeMessage(Run& run, const Statement& statement) {
  TestSuite& suite = Suite(run);
  uint64_t index = statement.Last().number;
  if (statement.Has("smtp")) {
    if (index >= suite.sent.size()) return false;
    const TestSuite::Sent& sent = suite.sent[index];
    run.message.Replace(sent.message);
    run.envelope = {sent.from, sent.to, ""};
    return true;
  }
  const Argument* folder = statement.Tag("folder");
  auto found = suite.mailboxes.find(folder == nullptr ? "INBOX" : run.Text(*folder));
  if (found == suite.mailboxes.end() || index >= found->second.size()) return false;
  run.message.Replace(std::string(found->second[index]));
  return true;
}

Flow RunTestMessage(Run& run, const Statement& statement) {
  if (!TakeMessage(run, statement)) {
    run.Fail(statement.at, "test_message: there is no such message");
  }
  return Flow::kNext;
}

Flow RunMailboxCreate(Run& run, const Statement& statement) {
  Suite(run).mailboxes[run.Text(statement.Last())];
  return Flow::kNext;
}

Flow RunMailboxDelete(Run& run, const Statement& statement) {
  Suite(run).mailboxes.erase(run.Text(statement.Last()));
  return Flow::kNext;
}

Flow RunConfigSet(Run& run, const Statement& statement) {
  std::string key = run.Text(statement.positional[0]);
  Suite(run).config[key] = run.Text(statement.positional[1]);
  return Flow::kNext;
}

Flow RunConfigUnset(Run& run, const Statement& statement) {
  Suite(run).config.erase(run.Text(statement.Last()));
  return Flow::kNext;
}

// Settings are read where they are used: there is nothing to load again.
Flow RunConfigReload(Run&, const Statement&) {
  return Flow::kNext;
}

Flow RunResultReset(Run& run, const Statement&) {
  uint64_t steps = run.result.steps;
  run.result = {};
  run.result.steps = steps;
  Suite(run).sent.clear();
  return Flow::kNext;
}

Flow RunBinarySave(Run& run, const Statement& statement) {
  if (!Suite(run).compiled) {
    run.Fail(statement.at, "test_binary_save: no script was compiled");
  } else {
    Suite(run).binaries[run.Text(statement.Last())] = Suite(run).compiled;
  }
  return Flow::kNext;
}

Flow RunBinaryLoad(Run& run, const Statement& statement) {
  std::string name = run.Text(statement.Last());
  auto found = Suite(run).binaries.find(name);
  if (found == Suite(run).binaries.end()) {
    run.Fail(statement.at, fmt::format("test_binary_load: '{}' was not saved", name));
  } else {
    Suite(run).compiled = found->second;
  }
  return Flow::kNext;
}

bool TestScriptCompile(Run& run, const Statement& statement) {
  return Suite(run).CompileFile(run.Text(statement.Last()));
}

bool TestScriptRun(Run& run, const Statement& statement) {
  return Suite(run).RunCompiled(run, statement.Has("append_result"));
}

bool TestResultExecute(Run& run, const Statement&) {
  return Suite(run).ExecuteActions(run);
}

// The one at :index, or all; nothing for an index beyond the end.
template <class T>
std::vector<T> Chosen(const Statement& statement, const std::vector<T>& all) {
  const Argument* index = statement.Tag("index");
  if (index == nullptr) return all;
  if (index->number == 0 || index->number > all.size()) return {};
  return {all[index->number - 1]};
}

bool TestResultAction(Run& run, const Statement& statement) {
  std::vector<std::string> names;
  for (const Action& action : Chosen(statement, run.result.actions)) {
    names.emplace_back(NameOf(action));
    // Pigeonhole's name of the action.
    if (std::holds_alternative<FileInto>(action) && !statement.Has("count")) {
      names.emplace_back("store");
    }
  }
  return MatchAny(run, statement, names, statement.Last());
}

bool TestError(Run& run, const Statement& statement) {
  std::vector<std::string> messages;
  for (const ScriptError& error : Chosen(statement, Suite(run).errors)) {
    messages.push_back(error.ToString());
  }
  return MatchAny(run, statement, messages, statement.Last());
}

void CheckKeys(Checker& checker, Statement& statement) {
  CheckMatch(checker, statement, statement.Last());
}

}  // namespace

Extension TestSuiteExtension() {
  TagSpec index{.name = "index", .value = ValueType::kNumber};
  std::vector<TagSpec> places = {{.name = "smtp", .group = "place"},
                                 {.name = "folder", .value = ValueType::kString, .group = "place"}};
  std::vector<Verb> verbs = {
      {.name = "test",
       .positional = "s",
       .traits = kTakesBlock,
       .check = CheckTest,
       .run = RunTest},
      {.name = "test_fail", .positional = "s", .run = RunTestFail},
      {.name = "test_set", .positional = "ss", .run = RunTestSet},
      {.name = "test_message", .positional = "n", .tags = places, .run = RunTestMessage},
      {.name = "test_message", .positional = "n", .tags = places, .test = TakeMessage},
      {.name = "test_mailbox_create", .positional = "s", .run = RunMailboxCreate},
      {.name = "test_mailbox_delete", .positional = "s", .run = RunMailboxDelete},
      {.name = "test_config_set", .positional = "ss", .run = RunConfigSet},
      {.name = "test_config_unset", .positional = "s", .run = RunConfigUnset},
      {.name = "test_config_reload",
       .tags = {{.name = "extension", .value = ValueType::kString}},
       .run = RunConfigReload},
      {.name = "test_result_reset", .run = RunResultReset},
      {.name = "test_binary_save", .positional = "s", .run = RunBinarySave},
      {.name = "test_binary_load", .positional = "s", .run = RunBinaryLoad},
      {.name = "test_script_compile", .positional = "s", .test = TestScriptCompile},
      {.name = "test_script_run", .tags = {{.name = "append_result"}}, .test = TestScriptRun},
      {.name = "test_result_execute", .test = TestResultExecute},
      {.name = "test_result_action",
       .positional = "l",
       .traits = kMatch,
       .tags = {index},
       .check = CheckKeys,
       .test = TestResultAction},
      {.name = "test_error",
       .positional = "l",
       .traits = kMatch,
       .tags = {index},
       .check = CheckKeys,
       .test = TestError},
  };
  for (Verb& verb : verbs) verb.capability = kTestSuite;
  return {.capabilities = {{kTestSuite}}, .verbs = std::move(verbs)};
}

}  // namespace pennypost::sieve
