#include "sieve/script.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "mail/address.h"
#include "sieve/encoded_character.h"
#include "sieve/language.h"
#include "sieve/parser.h"

namespace pennypost::sieve {
namespace {

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kNumber:
      return "a number";
    case ValueType::kList:
      return "a string or a list of strings";
    default:
      return "a string";
  }
}

bool Fits(const Argument& argument, ValueType type) {
  switch (argument.kind) {
    case Argument::Kind::kNumber:
      return type == ValueType::kNumber;
    case Argument::Kind::kString:
      return type == ValueType::kString || type == ValueType::kList;
    case Argument::Kind::kList:
      return type == ValueType::kList;
    default:
      return false;
  }
}

struct Slot {
  ValueType type;
  bool optional;
};

std::vector<Slot> Slots(std::string_view spec) {
  std::vector<Slot> slots;
  bool optional = false;
  for (char c : spec) {
    if (c == '?') {
      optional = true;
      continue;
    }
    slots.push_back({c == 'n'   ? ValueType::kNumber
                     : c == 'l' ? ValueType::kList
                                : ValueType::kString,
                     optional});
    optional = false;
  }
  return slots;
}

}  // namespace

const Argument* Statement::Tag(std::string_view name) const {
  for (const TagValue& tag : tags) {
    if (tag.spec->name == name) return &tag.value;
  }
  return nullptr;
}

std::string_view Statement::TagOf(std::string_view group) const {
  for (const TagValue& tag : tags) {
    if (tag.spec->group == group) return tag.spec->name;
  }
  return {};
}

Script Compile(std::string_view text, const Limits& limits, Dialect dialect) {
  Script script;
  ParseResult parsed = Parse(text, limits);
  if (!parsed.errors.empty()) {
    script.errors = std::move(parsed.errors);
    return script;
  }
  Checker checker(limits, dialect, script);
  checker.CheckBlock(parsed.commands, script.statements);
  return script;
}

void Checker::Fail(Position at, std::string message) {
  if (script_.errors.size() < limits_.max_errors)
    script_.errors.push_back({at, std::move(message)});
}

bool Checker::Enable(std::string_view name) {
  const Capability* capability = TheLanguage().FindCapability(name);
  if (capability == nullptr || (name == kTestSuite && dialect_ != Dialect::kTestSuite))
    return false;
  script_.required.emplace(name);
  if (!capability->implies.empty()) script_.required.emplace(capability->implies);
  return true;
}

bool Checker::IsConstant(std::string_view text) const {
  return !Requires("variables") || text.find("${") == std::string_view::npos;
}

void Checker::CheckHeaderNames(const Argument& names) {
  for (const std::string& name : names.strings) {
    if (!IsConstant(name)) continue;
    bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return c > ' ' && c < 0x7F && c != ':';
    });
    if (!good) Fail(names.at, fmt::format("'{}' is not the name of a header field", name));
  }
}

void Checker::CheckAddress(const Argument& address) {
  const std::string& text = address.strings[0];
  if (!IsConstant(text)) return;
  if (!mail::ParseAddress(text, mail::Utf8Policy::kAllow).ok()) {
    Fail(address.at, fmt::format("'{}' is not an address", text));
  }
}

void Checker::CheckBlock(const std::vector<Node>& nodes, std::vector<Statement>& out) {
  std::string outer = std::exchange(previous_, {});
  out.reserve(nodes.size());
  for (const Node& node : nodes) {
    if (script_.errors.size() >= limits_.max_errors) break;
    CheckCommand(node, out.emplace_back());
    previous_ = node.name;
  }
  previous_ = std::move(outer);
}

void Checker::CheckCommand(const Node& node, Statement& out) {
  const Verb* verb = TheLanguage().FindCommand(node.name);
  if (node.name != "require") only_requires_ = false;
  if (verb == nullptr) {
    bool is_test = TheLanguage().FindTest(node.name) != nullptr;
    Unknown(out, node.at,
            is_test ? fmt::format("'{}' is a test, not a command", node.name)
                    : fmt::format("unknown command '{}'", node.name));
    return;
  }
  if (!Check(node, verb, out)) return;
  if (!(verb->traits & kTakesBlock)) {
    if (node.has_block) Fail(node.at, fmt::format("'{}' takes no block", node.name));
    return;
  }
  if (!node.has_block) return Fail(node.at, fmt::format("'{}' needs a block", node.name));
  bool loop = node.name == "foreverypart";
  loop_depth_ += loop ? 1 : 0;
  CheckBlock(node.block, out.block);
  loop_depth_ -= loop ? 1 : 0;
}

bool Checker::Unknown(Statement& out, Position at, std::string message) {
  out.at = at;
  if (Requires("ihave")) {
    out.deferred_error = std::move(message);
  } else {
    Fail(at, std::move(message));
  }
  return false;
}

bool Checker::Check(const Node& node, const Verb* verb, Statement& out) {
  out.verb = verb;
  out.at = node.at;
  if (!verb->capability.empty() && !Requires(verb->capability)) {
    return Unknown(out, node.at,
                   fmt::format("'{}' needs require \"{}\"", node.name, verb->capability));
  }
  if (!CheckArguments(node, out) || !CheckTests(node, out)) return false;
  if (verb->check != nullptr) verb->check(*this, out);
  return true;
}

bool Checker::CheckArguments(const Node& node, Statement& out) {
  for (size_t at = 0; at < node.arguments.size(); ++at) {
    const Argument& argument = node.arguments[at];
    if (argument.kind != Argument::Kind::kTag) {
      out.positional.push_back(argument);
      DecodeStrings(out.positional.back());
    } else if (!out.positional.empty()) {
      // RFC 5228 2.6.2
      Fail(argument.at, fmt::format("':{}' must stand before the positional arguments of '{}'",
                                    argument.tag, node.name));
      return false;
    } else if (!TakeTag(node, at, out)) {
      return false;
    }
  }
  return CheckPositional(node, out);
}

// Moves `at` on to the tag's value where it has one.
bool Checker::TakeTag(const Node& node, size_t& at, Statement& out) {
  const Argument& tag = node.arguments[at];
  const TagSpec* spec = nullptr;
  for (const TagSpec* candidate : TheLanguage().TagsOf(*out.verb)) {
    if (candidate->name != tag.tag) continue;
    spec = candidate;
    // The same tag may come from two extensions.
    if (spec->capability.empty() || Requires(spec->capability)) break;
  }
  if (spec == nullptr) {
    return Unknown(out, tag.at, fmt::format("'{}' takes no ':{}'", node.name, tag.tag));
  }
  if (!spec->capability.empty() && !Requires(spec->capability)) {
    return Unknown(out, tag.at,
                   fmt::format("':{}' needs require \"{}\"", tag.tag, spec->capability));
  }
  for (const TagValue& other : out.tags) {
    if (other.spec == spec) {
      Fail(tag.at, fmt::format("':{}' is given twice", tag.tag));
      return false;
    }
    if (!spec->group.empty() && other.spec->group == spec->group) {
      Fail(tag.at, fmt::format("':{}' and ':{}' exclude each other", other.spec->name, tag.tag));
      return false;
    }
  }
  TagValue value{spec, tag};
  if (spec->value != ValueType::kNone) {
    if (at + 1 >= node.arguments.size() || !Fits(node.arguments[at + 1], spec->value)) {
      Fail(tag.at, fmt::format("':{}' must be followed by {}", tag.tag, TypeName(spec->value)));
      return false;
    }
    value.value = node.arguments[++at];
    DecodeStrings(value.value);
  }
  out.tags.push_back(std::move(value));
  return true;
}

bool Checker::CheckPositional(const Node& node, Statement& out) {
  std::vector<Slot> slots = Slots(out.verb->positional);
  while (slots.size() > out.positional.size()) {
    auto optional = std::find_if(slots.begin(), slots.end(), [](Slot s) { return s.optional; });
    if (optional == slots.end()) break;
    slots.erase(optional);
  }
  if (slots.size() != out.positional.size()) {
    Fail(node.at, fmt::format("'{}' takes {} positional argument{}, not {}", node.name,
                              slots.size(), slots.size() == 1 ? "" : "s", out.positional.size()));
    return false;
  }
  for (size_t i = 0; i < slots.size(); ++i) {
    if (Fits(out.positional[i], slots[i].type)) continue;
    Fail(out.positional[i].at,
         fmt::format("argument {} of '{}' must be {}", i + 1, node.name, TypeName(slots[i].type)));
    return false;
  }
  return true;
}

bool Checker::CheckTests(const Node& node, Statement& out) {
  bool one = out.verb->traits & kTakesTest;
  bool many = out.verb->traits & kTakesTests;
  if (one && node.tests.size() != 1) {
    Fail(node.at, fmt::format("'{}' needs exactly one test", node.name));
    return false;
  }
  if (many && node.tests.empty()) {
    Fail(node.at, fmt::format("'{}' needs a list of tests", node.name));
    return false;
  }
  if (!one && !many && !node.tests.empty()) {
    Fail(node.tests[0].at, fmt::format("'{}' takes no test", node.name));
    return false;
  }
  bool good = true;
  for (const Node& test : node.tests) {
    Statement& checked = out.tests.emplace_back();
    const Verb* verb = TheLanguage().FindTest(test.name);
    if (verb == nullptr) {
      bool is_command = TheLanguage().FindCommand(test.name) != nullptr;
      Unknown(checked, test.at,
              is_command ? fmt::format("'{}' is a command, not a test", test.name)
                         : fmt::format("unknown test '{}'", test.name));
    } else if (!Check(test, verb, checked)) {
      good = good && !checked.deferred_error.empty();
    }
  }
  return good;
}

void Checker::DecodeStrings(Argument& argument) {
  if (!Requires("encoded-character")) return;
  for (std::string& text : argument.strings) {
    if (std::string error; !DecodeEncodedCharacters(text, error)) Fail(argument.at, error);
  }
}

}  // namespace pennypost::sieve
