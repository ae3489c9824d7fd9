#pragma once
// Compile: text to a checked script.
//
// Invariants of the library
//   - Nothing is done here: a run gives typed actions, the caller carries them out.
//   - A script that fails at run time keeps the mail (RFC 5228 2.10.6).
//   - Whatever the script, depth, steps, actions and memory are bounded by Limits (ROBUSTNESS F3).

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/verb.h"

namespace pennypost::sieve {

enum class Dialect { kUser, kTestSuite };

struct Script {
  std::vector<Statement> statements;
  std::set<std::string, std::less<>> required;  // with what they imply
  std::vector<ScriptError> errors;              // empty: it may run

  bool ok() const { return errors.empty(); }
  bool Requires(std::string_view capability) const { return required.contains(capability); }
};

// Up to Limits::max_errors errors, in the order of the script.
Script Compile(std::string_view text, const Limits& limits = {}, Dialect dialect = Dialect::kUser);

// What a row's check may ask and say.
class Checker {
 public:
  Checker(const Limits& limits, Dialect dialect, Script& script)
      : limits_(limits), dialect_(dialect), script_(script) {}

  void CheckBlock(const std::vector<Node>& nodes, std::vector<Statement>& out);

  void Fail(Position at, std::string message);
  bool Requires(std::string_view capability) const { return script_.Requires(capability); }
  // `require` and `ihave`: false for what is not known.
  bool Enable(std::string_view capability);
  bool AllowsRequire() const { return only_requires_; }
  // Of the command before this one in the same block; empty for the first.
  std::string_view previous() const { return previous_; }
  int loop_depth() const { return loop_depth_; }
  // Whether the string is known now: variables may change it at run time.
  bool IsConstant(std::string_view text) const;
  // A constant that names a header field (RFC 5322 2.2), and says so if it does not.
  void CheckHeaderNames(const Argument& names);
  void CheckAddress(const Argument& address);

 private:
  bool Check(const Node& node, const Verb* verb, Statement& out);
  bool CheckArguments(const Node& node, Statement& out);
  bool TakeTag(const Node& node, size_t& at, Statement& out);
  bool CheckPositional(const Node& node, Statement& out);
  bool CheckTests(const Node& node, Statement& out);
  void CheckCommand(const Node& node, Statement& out);
  bool Unknown(Statement& out, Position at, std::string message);
  void DecodeStrings(Argument& argument);

  const Limits& limits_;
  Dialect dialect_;
  Script& script_;
  bool only_requires_ = true;
  std::string previous_;
  int loop_depth_ = 0;
};

}  // namespace pennypost::sieve
