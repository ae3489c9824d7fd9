#pragma once
// The vnd.dovecot.testsuite dialect: a Sieve script that tests other scripts. RunTestFile is all a
// caller needs; the rows are in extensions/testsuite*.cc.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/run.h"

namespace pennypost::sieve {

struct TestFailure {
  std::string test;  // empty: the file itself did not compile or run
  std::string reason;
};

struct TestReport {
  size_t passed = 0;
  std::vector<TestFailure> failed;
};

// Reads a file named relative to the test file; nothing if there is none.
using ReadScript = std::function<std::optional<std::string>(std::string_view path)>;

TestReport RunTestFile(std::string_view text, const ReadScript& read, const Limits& limits = {});

// The world of a test file, and what the test commands work on.
class TestSuite : public Host {
 public:
  TestSuite(ReadScript read, const Limits& limits);

  absl::Time Now() const override;
  bool MailboxExists(std::string_view name) const override;
  bool SeenDuplicate(std::string_view id, uint64_t seconds, bool last) override;
  std::optional<std::string> ScriptText(ScriptPlace place, std::string_view name) const override;
  std::optional<std::string> EnvironmentItem(std::string_view name) const override;
  int SpamScore() const override;
  int SpamPercent() const override;
  int VirusScore() const override;
  TestSuite* test_suite() override { return this; }

  // Each says whether it worked; errors are those of `errors`.
  bool CompileFile(std::string_view path);
  // Runs what was compiled last over the message at hand; its actions replace those of `run`.
  bool RunCompiled(Run& run, bool append);
  // Stores and "sends" what the actions of `run` say.
  bool ExecuteActions(Run& run);

  struct Sent {
    std::string from;
    std::string to;
    std::string message;
  };
  std::map<std::string, std::vector<std::string>> mailboxes;  // messages by name
  std::vector<Sent> sent;
  std::vector<ScriptError> errors;
  std::map<std::string, std::string> config;
  std::map<std::string, std::shared_ptr<Script>, std::less<>> binaries;  // test_binary_save
  std::shared_ptr<Script> compiled;

  TestReport report;
  std::optional<std::string> failure;  // of the test at hand

 private:
  ReadScript read_;
  const Limits limits_;
  std::vector<std::string> duplicates_;
};

}  // namespace pennypost::sieve
