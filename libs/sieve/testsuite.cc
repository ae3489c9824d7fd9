#include "sieve/testsuite.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace pennypost::sieve {
namespace {

constexpr char kFirstMessage[] =
    "From: sender@example.org\r\nTo: recipient@example.net\r\nSubject: test\r\n"
    "Message-ID: <first@example.org>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0100\r\n\r\nHello.\r\n";

// Monday; scripts of the suite compare with what they know.
constexpr absl::CivilSecond kNow(2026, 1, 5, 12, 30, 45);

std::string NoticeTo(const Vacation& vacation) {
  return fmt::format(
      "From: {}\r\nTo: {}\r\nSubject: {}\r\nIn-Reply-To: {}\r\nReferences: {}\r\n"
      "Auto-Submitted: auto-replied (vacation)\r\n{}{}",
      vacation.from, vacation.recipient, vacation.subject, vacation.in_reply_to,
      vacation.references, vacation.mime ? "" : "\r\n", vacation.body);
}

}  // namespace

TestSuite::TestSuite(ReadScript read, const Limits& limits)
    : read_(std::move(read)), limits_(limits) {
  mailboxes["INBOX"];
}

absl::Time TestSuite::Now() const {
  return absl::FromCivil(kNow, absl::UTCTimeZone());
}

bool TestSuite::MailboxExists(std::string_view name) const {
  return mailboxes.contains(std::string(name));
}

bool TestSuite::SeenDuplicate(std::string_view id, uint64_t, bool) {
  return std::find(duplicates_.begin(), duplicates_.end(), id) != duplicates_.end();
}

std::optional<std::string> TestSuite::ScriptText(ScriptPlace place, std::string_view name) const {
  // The layout of such suites: included/ and included-global/ beside the test file.
  return read_(fmt::format("{}/{}.sieve",
                           place == ScriptPlace::kGlobal ? "included-global" : "included", name));
}

std::optional<std::string> TestSuite::EnvironmentItem(std::string_view name) const {
  if (auto set = config.find("env." + std::string(name)); set != config.end()) return set->second;
  return std::nullopt;
}

int TestSuite::SpamScore() const {
  auto set = config.find("test.spam_score");
  return set == config.end() ? 0 : static_cast<int>(ParseUint(set->second).value_or(0));
}

int TestSuite::SpamPercent() const {
  auto set = config.find("test.spam_percent");
  return set == config.end() ? -1 : static_cast<int>(ParseUint(set->second).value_or(0));
}

int TestSuite::VirusScore() const {
  auto set = config.find("test.virus_score");
  return set == config.end() ? 0 : static_cast<int>(ParseUint(set->second).value_or(0));
}

bool TestSuite::CompileFile(std::string_view path) {
  errors.clear();
  compiled.reset();
  std::optional<std::string> text = read_(path);
  if (!text) {
    errors.push_back({{}, fmt::format("script '{}' cannot be read", path)});
    return false;
  }
  Limits limits = limits_;
  if (auto set = config.find("sieve_max_script_size"); set != config.end()) {
    limits.max_script = ParseUint(set->second).value_or(limits.max_script);
  }
  auto script = std::make_shared<Script>(Compile(*text, limits));
  errors = script->errors;
  if (!script->ok()) return false;
  compiled = std::move(script);
  return true;
}

bool TestSuite::RunCompiled(Run& run, bool append) {
  errors.clear();
  if (!compiled) {
    errors.push_back({{}, "no script was compiled"});
    return false;
  }
  Limits limits = limits_;
  if (auto set = config.find("sieve_max_actions"); set != config.end()) {
    limits.max_actions = ParseUint(set->second).value_or(limits.max_actions);
  }
  if (auto set = config.find("sieve_max_redirects"); set != config.end()) {
    limits.max_redirects = ParseUint(set->second).value_or(limits.max_redirects);
  }
  Result result = Execute(*compiled, run.message, run.envelope, *this, limits);
  if (result.error) errors.push_back(*result.error);
  bool good = !result.error;
  result.error.reset();
  result.steps = run.result.steps;
  if (append) {
    run.result.implicit_keep = run.result.implicit_keep && result.implicit_keep;
    for (Action& action : result.actions) run.result.actions.push_back(std::move(action));
  } else {
    run.result = std::move(result);
  }
  return good;
}

bool TestSuite::ExecuteActions(Run& run) {
  errors.clear();
  const std::string& message = run.message.bytes();
  for (const Action& action : run.result.actions) {
    if (!run.Spend(1 + message.size() / 256)) return false;
    if (const auto* file = std::get_if<FileInto>(&action)) {
      if (!MailboxExists(file->mailbox) && !file->create) {
        errors.push_back({{}, fmt::format("mailbox '{}' does not exist", file->mailbox)});
        return false;
      }
      mailboxes[file->mailbox].push_back(message);
    } else if (std::holds_alternative<Keep>(action)) {
      mailboxes["INBOX"].push_back(message);
    } else if (const auto* redirect = std::get_if<Redirect>(&action)) {
      sent.push_back({run.envelope.from, redirect->address, message});
    } else if (const auto* vacation = std::get_if<Vacation>(&action)) {
      sent.push_back({"", vacation->recipient, NoticeTo(*vacation)});
    } else if (const auto* reject = std::get_if<Reject>(&action)) {
      sent.push_back({"", run.envelope.from, reject->reason});
    } else if (const auto* seen = std::get_if<RememberDuplicate>(&action)) {
      duplicates_.push_back(seen->id);
    }
  }
  if (run.result.implicit_keep) mailboxes["INBOX"].push_back(message);
  return true;
}

TestReport RunTestFile(std::string_view text, const ReadScript& read, const Limits& limits) {
  TestSuite suite(read, limits);
  Script script = Compile(text, limits, Dialect::kTestSuite);
  for (const ScriptError& error : script.errors) {
    suite.report.failed.push_back({"", error.ToString()});
  }
  if (!script.ok()) return std::move(suite.report);
  Message message{std::string(kFirstMessage)};
  Envelope envelope{"sender@example.org", "recipient@example.net", ""};
  Run run(message, envelope, suite, limits);
  run.Statements(script);
  if (run.result.error) suite.report.failed.push_back({"", run.result.error->ToString()});
  return std::move(suite.report);
}

}  // namespace pennypost::sieve
