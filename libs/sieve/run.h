#pragma once
// One run of a script over one message.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/host.h"
#include "sieve/message.h"
#include "sieve/result.h"
#include "sieve/script.h"

namespace pennypost::sieve {

struct Envelope {
  std::string from;  // empty: the null sender
  std::string to;
  std::string original_to;  // before aliases; empty: the same
};

// Runs it. The message is changed where the script edits its header, unless the run fails.
Result Execute(const Script& script, Message& message, const Envelope& envelope, Host& host,
               const Limits& limits = {});

// What the rows of the table work with. After Fail() nothing more runs: every loop asks failed().
class Run {
 public:
  Run(Message& of, Envelope its_envelope, Host& world, const Limits& bounds);

  // Within an outer script for `include`: kStop ends that one too.
  Flow Statements(const Script& script);
  Flow Block(const std::vector<Statement>& statements);
  bool Test(const Statement& statement);

  // Values with variables expanded.
  std::string Text(const Argument& argument) { return Expand(argument.strings[0]); }
  std::vector<std::string> Texts(const Argument& argument);
  std::string Expand(std::string_view text);

  void Fail(Position at, std::string message);
  bool failed() const { return result.error.has_value(); }
  // False, and the run over, once the budget is spent.
  bool Spend(uint64_t steps = 1);

  // Adds an action with the rules of RFC 5228 2.10.3 and .4: no doubles, limits.
  void Act(Position at, Action action);
  // The flags a keep or fileinto sets: of :flags, else the internal variable (RFC 5232 5).
  std::vector<std::string> FlagsFor(const Statement& statement);
  bool Requires(std::string_view capability) const {
    return script_ != nullptr && script_->Requires(capability);
  }
  const Script* script() const { return script_; }

  // The part that foreverypart stands at, the message itself outside of it. An edit of the header
  // may have changed the tree under the loop: then the message too.
  uint32_t PartAtHand() const;

  std::optional<std::string> Variable(std::string_view name) const;
  void SetVariable(Position at, std::string_view name, std::string value);

  Message& message;
  Envelope envelope;
  Host& host;
  const Limits limits;
  Result result;

  bool chain_done = false;                // a branch of the if chain at hand was taken
  std::vector<std::string> flags;         // imap4flags: the internal variable
  std::vector<std::string> match_values;  // ${0} and on
  std::optional<uint32_t> part;           // foreverypart: the part at hand
  std::optional<uint32_t> replaced;       // the part that `replace` took away last
  std::string break_name;                 // of the loop that `break` ends; empty: the inner
  size_t include_depth = 0;
  std::set<std::string> included;  // for include :once
  std::set<std::string> globals;   // names of this script that are global
  std::map<std::string, std::string> global_values;
  std::map<std::string, std::string> variables;

 private:
  Flow Command(const Statement& statement);

  const Script* script_ = nullptr;
};

}  // namespace pennypost::sieve
