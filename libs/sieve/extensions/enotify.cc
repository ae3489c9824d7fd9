// enotify (RFC 5435) with the method mailto (RFC 5436).

#include <fmt/format.h>

#include "base/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/mailto.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

bool IsMethod(std::string_view uri) {
  return ParseMailto(uri).ok();
}

void CheckNotify(Checker& checker, Statement& statement) {
  const std::string& method = statement.Last().strings[0];
  if (checker.IsConstant(method) && !IsMethod(method)) {
    checker.Fail(statement.Last().at, fmt::format("'{}' is no mailto: URI with up to {} addresses",
                                                  method, kMaxMailtoRecipients));
  }
  const Argument* importance = statement.Tag("importance");
  if (importance != nullptr && checker.IsConstant(importance->strings[0]) &&
      importance->strings[0] != "1" && importance->strings[0] != "2" &&
      importance->strings[0] != "3") {
    checker.Fail(importance->at, "':importance' is \"1\", \"2\" or \"3\"");
  }
}

void CheckCapability(Checker& checker, Statement& statement) {
  CheckMatch(checker, statement, statement.Last());
}

Flow RunNotify(Run& run, const Statement& statement) {
  Notify action;
  action.method = run.Text(statement.Last());
  if (!IsMethod(action.method)) {
    run.Fail(statement.at, fmt::format("notify: '{}' is no mailto: URI", action.method));
    return Flow::kStop;
  }
  if (const Argument* from = statement.Tag("from")) action.from = run.Text(*from);
  if (const Argument* message = statement.Tag("message")) action.message = run.Text(*message);
  if (const Argument* options = statement.Tag("options")) action.options = run.Texts(*options);
  if (const Argument* importance = statement.Tag("importance")) {
    std::string text = run.Text(*importance);
    action.importance = text == "1" ? 1 : text == "3" ? 3 : 2;
  }
  run.Act(statement.at, std::move(action));
  return Flow::kNext;
}

bool TestValidMethod(Run& run, const Statement& statement) {
  for (const std::string& uri : run.Texts(statement.Last())) {
    if (!IsMethod(uri)) return false;
  }
  return true;
}

// RFC 5436 2.4: nobody knows whether a mail address is "online".
bool TestMethodCapability(Run& run, const Statement& statement) {
  if (!IsMethod(run.Text(statement.positional[0])) ||
      !EqualsIgnoreCase(run.Text(statement.positional[1]), "online")) {
    return false;
  }
  return MatchAny(run, statement, {"maybe"}, statement.Last());
}

}  // namespace

Extension EnotifyExtension() {
  return {.capabilities = {{"enotify"}},
          .verbs = {{.name = "notify",
                     .capability = "enotify",
                     .positional = "s",
                     .tags = {{.name = "from", .value = ValueType::kString},
                              {.name = "importance", .value = ValueType::kString},
                              {.name = "options", .value = ValueType::kList},
                              {.name = "message", .value = ValueType::kString}},
                     .check = CheckNotify,
                     .run = RunNotify},
                    {.name = "valid_notify_method",
                     .capability = "enotify",
                     .positional = "l",
                     .test = TestValidMethod},
                    {.name = "notify_method_capability",
                     .capability = "enotify",
                     .positional = "ssl",
                     .traits = kMatch,
                     .check = CheckCapability,
                     .test = TestMethodCapability}}};
}

}  // namespace pennypost::sieve
