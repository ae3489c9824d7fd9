#pragma once
// The table of commands and tests: one row each, with its capability, its arguments, its check at
// compile time and what it does. An extension is one file in extensions/ that gives its rows.

#include <string_view>
#include <vector>

#include "sieve/ast.h"

namespace pennypost::sieve {

class Checker;
class Run;
struct Verb;

enum class ValueType { kNone, kString, kList, kNumber };

// Of one group only one may be given; empty is a group of its own.
struct TagSpec {
  std::string_view name = {};
  std::string_view capability = {};  // empty: comes with the command
  ValueType value = ValueType::kNone;
  std::string_view group = {};
};

struct TagValue {
  const TagSpec* spec = nullptr;
  Argument value;  // of kTag where the tag takes none
};

// A command or test whose arguments fit its row.
struct Statement {
  const Verb* verb = nullptr;
  Position at;
  std::vector<TagValue> tags;
  std::vector<Argument> positional;  // as many as the row has; an optional one may be missing
  std::vector<Statement> tests;
  std::vector<Statement> block;
  // Not empty: not known here, which `ihave` allows as long as it never runs (RFC 5463 4).
  std::string deferred_error;

  // The value of a tag, nullptr if it is not given.
  const Argument* Tag(std::string_view name) const;
  bool Has(std::string_view name) const { return Tag(name) != nullptr; }
  // The name of the tag given of this group; empty for none.
  std::string_view TagOf(std::string_view group) const;
  const Argument& Last() const { return positional.back(); }
};

// What follows a command.
enum class Flow { kNext, kStop, kReturn, kBreak };

enum Trait : unsigned {
  kMatch = 1,         // takes :comparator and a match type
  kAddressPart = 2,   // takes :all, :localpart and so on
  kTakesTest = 4,     // exactly one test
  kTakesTests = 8,    // a list of tests
  kTakesBlock = 16,   // a block instead of ";"
  kTakesHeaders = 32  // looks at header fields: takes :index, :mime
};

struct Verb {
  std::string_view name = {};
  std::string_view capability = {};  // what `require` must name; empty: always there
  // One letter an argument: s string, l list of strings (or one), n number; "?" before one that may
  // be left out.
  std::string_view positional = {};
  unsigned traits = 0;
  std::vector<TagSpec> tags = {};
  void (*check)(Checker&, Statement&) = nullptr;
  Flow (*run)(Run&, const Statement&) = nullptr;   // a command
  bool (*test)(Run&, const Statement&) = nullptr;  // or a test
};

struct Capability {
  std::string_view name = {};
  std::string_view implies = {};  // another that comes with it
};

// Tags that an extension adds to what is there.
struct ExtraTag {
  std::string_view verb = {};  // a name; empty: all that have `trait`
  unsigned trait = 0;
  TagSpec tag = {};
};

struct Extension {
  std::vector<Capability> capabilities = {};
  std::vector<Verb> verbs = {};
  std::vector<ExtraTag> tags = {};
};

}  // namespace pennypost::sieve
