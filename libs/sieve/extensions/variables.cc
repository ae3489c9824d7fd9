// set and string (RFC 5229): references are expanded in ../variables.cc.

#include <fmt/format.h>

#include "base/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/match.h"
#include "sieve/utf8.h"
#include "sieve/variable_name.h"

namespace pennypost::sieve {
namespace {

bool IsSettable(std::string_view name) {
  std::string lower = ToLower(name);
  return IsVariableName(lower) ||
         (lower.starts_with("global.") && IsVariableName(std::string_view(lower).substr(7)));
}

void CheckSet(Checker& checker, Statement& statement) {
  const Argument& name = statement.positional[0];
  if (!IsSettable(name.strings[0])) {
    checker.Fail(name.at, fmt::format("'{}' is not the name of a variable", name.strings[0]));
  } else if (name.strings[0].find('.') != std::string::npos && !checker.Requires("include")) {
    checker.Fail(name.at, "variables of 'global' need require \"include\"");
  }
}

void CheckString(Checker& checker, Statement& statement) {
  CheckMatch(checker, statement, statement.Last());
}

std::string Quote(std::string_view value, std::string_view specials) {
  std::string out;
  for (char c : value) {
    if (specials.find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string EncodeUrl(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (IsAlpha(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Flow RunSet(Run& run, const Statement& statement) {
  std::string value = ModifyValue(statement, run.Text(statement.positional[1]));
  if (!run.failed()) {
    run.SetVariable(statement.at, statement.positional[0].strings[0], std::move(value));
  }
  return Flow::kNext;
}

// RFC 5229 5: an empty source counts as none for :count.
bool TestString(Run& run, const Statement& statement) {
  std::vector<std::string> values = run.Texts(statement.positional[0]);
  if (statement.Has("count")) {
    std::erase_if(values, [](const std::string& value) { return value.empty(); });
  }
  return MatchAny(run, statement, values, statement.Last());
}

}  // namespace

// RFC 5229 4.1: by precedence, the highest first.
std::string ModifyValue(const Statement& statement, std::string value) {
  if (statement.Has("lower")) value = ToLower(value);
  if (statement.Has("upper")) value = ToUpper(value);
  if (statement.Has("lowerfirst") && !value.empty()) value[0] = AsciiLower(value[0]);
  if (statement.Has("upperfirst") && !value.empty()) value[0] = AsciiUpper(value[0]);
  if (statement.Has("quotewildcard")) value = Quote(value, "*?\\");
  if (statement.Has("quoteregex")) value = Quote(value, ".+*?^$[](){}|\\");
  if (statement.Has("encodeurl")) value = EncodeUrl(value);
  if (statement.Has("length")) value = fmt::format("{}", CountChars(value));
  return value;
}

std::vector<TagSpec> ModifierTags() {
  return {{.name = "lower", .group = "40"},
          {.name = "upper", .group = "40"},
          {.name = "lowerfirst", .group = "30"},
          {.name = "upperfirst", .group = "30"},
          {.name = "quotewildcard", .group = "20"},
          {.name = "quoteregex", .capability = "regex", .group = "20"},
          {.name = "encodeurl", .capability = "enotify", .group = "15"},
          {.name = "length", .group = "10"}};
}

Extension VariablesExtension() {
  return {.capabilities = {{"variables"}},
          .verbs = {{.name = "set",
                     .capability = "variables",
                     .positional = "ss",
                     .tags = ModifierTags(),
                     .check = CheckSet,
                     .run = RunSet},
                    {.name = "string",
                     .capability = "variables",
                     .positional = "ll",
                     .traits = kMatch,
                     .check = CheckString,
                     .test = TestString}}};
}

}  // namespace pennypost::sieve
