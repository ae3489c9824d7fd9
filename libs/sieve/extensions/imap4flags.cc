// setflag, addflag, removeflag, hasflag and :flags (RFC 5232).

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/match.h"
#include "sieve/variable_name.h"

namespace pennypost::sieve {
namespace {

using Flags = std::vector<std::string>;

// Of one message: more is no help to anybody.
constexpr size_t kMaxFlags = 128;

Flags::iterator FindFlag(Flags& flags, std::string_view flag) {
  return std::find_if(flags.begin(), flags.end(),
                      [flag](const std::string& f) { return EqualsIgnoreCase(f, flag); });
}

// RFC 5232 2: a string may hold several, parted by spaces; doubles count once. What is no flag of
// IMAP is left out.
void Add(Flags& flags, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    for (std::string_view flag : Split(text, ' ')) {
      bool system = flag.starts_with('\\');
      std::string_view name = system ? flag.substr(1) : flag;
      bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return c > ' ' && c < 0x7F &&
               std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
      });
      if (good && !EqualsIgnoreCase(flag, "\\Recent") && flags.size() < kMaxFlags &&
          FindFlag(flags, flag) == flags.end()) {
        flags.emplace_back(flag);
      }
    }
  }
}

Flags Load(Run& run, const Statement& statement) {
  if (statement.positional.size() < 2) return run.flags;
  Flags flags;
  for (const std::string& name : statement.positional[0].strings) {
    Add(flags, {run.Variable(ToLower(name)).value_or("")});
  }
  return flags;
}

void Store(Run& run, const Statement& statement, Flags flags) {
  if (statement.positional.size() < 2) {
    run.flags = std::move(flags);
    return;
  }
  std::string text;
  for (const std::string& flag : flags) text += (text.empty() ? "" : " ") + flag;
  run.SetVariable(statement.at, statement.positional[0].strings[0], std::move(text));
}

void CheckFlags(Checker& checker, Statement& statement) {
  if (statement.positional.size() > 1) {
    const Argument& names = statement.positional[0];
    if (!checker.Requires("variables")) {
      checker.Fail(names.at, "naming a variable needs require \"variables\"");
    }
    for (const std::string& name : names.strings) {
      if (!IsVariableName(name)) {
        checker.Fail(names.at, fmt::format("'{}' is not the name of a variable", name));
      }
    }
  }
  if (statement.verb->test != nullptr) CheckMatch(checker, statement, statement.Last());
}

Flow RunSetFlag(Run& run, const Statement& statement) {
  Flags flags;
  Add(flags, run.Texts(statement.Last()));
  Store(run, statement, std::move(flags));
  return Flow::kNext;
}

Flow RunAddFlag(Run& run, const Statement& statement) {
  Flags flags = Load(run, statement);
  Add(flags, run.Texts(statement.Last()));
  Store(run, statement, std::move(flags));
  return Flow::kNext;
}

Flow RunRemoveFlag(Run& run, const Statement& statement) {
  Flags flags = Load(run, statement);
  Flags gone;
  Add(gone, run.Texts(statement.Last()));
  std::erase_if(flags, [&gone](const std::string& f) { return FindFlag(gone, f) != gone.end(); });
  Store(run, statement, std::move(flags));
  return Flow::kNext;
}

// Each flag of the key list is looked for by itself (RFC 5232 4).
bool TestHasFlag(Run& run, const Statement& statement) {
  Argument keys = statement.Last();
  if (!statement.Has("count")) {
    keys.strings.clear();
    for (const std::string& text : run.Texts(statement.Last())) {
      for (std::string_view flag : Split(text, ' ')) {
        if (!flag.empty()) keys.strings.emplace_back(flag);
      }
    }
  }
  return MatchAny(run, statement, Load(run, statement), keys);
}

}  // namespace

std::vector<std::string> Run::FlagsFor(const Statement& statement) {
  const Argument* given = statement.Tag("flags");
  if (given == nullptr) return flags;
  Flags out;
  Add(out, Texts(*given));
  return out;
}

Extension Imap4FlagsExtension() {
  Verb base{.capability = "imap4flags", .positional = "?sl", .check = CheckFlags};
  auto command = [&base](std::string_view name, Flow (*run)(Run&, const Statement&)) {
    Verb verb = base;
    verb.name = name;
    verb.run = run;
    return verb;
  };
  TagSpec flags{.name = "flags", .capability = "imap4flags", .value = ValueType::kList};
  return {.capabilities = {{"imap4flags"}},
          .verbs = {command("setflag", RunSetFlag),
                    command("addflag", RunAddFlag),
                    command("removeflag", RunRemoveFlag),
                    {.name = "hasflag",
                     .capability = "imap4flags",
                     .positional = "?ll",
                     .traits = kMatch,
                     .check = CheckFlags,
                     .test = TestHasFlag}},
          .tags = {{.verb = "keep", .tag = flags}, {.verb = "fileinto", .tag = flags}}};
}

}  // namespace pennypost::sieve
