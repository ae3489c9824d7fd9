#pragma once
// The operator's rules: an ordered table, the first row that matches decides.
//
// A session is judged at three stages and knows more at each. A row that says something about what
// is not known yet, and matches so far, ends the search without a decision: rows below it must not
// get ahead of it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "mail/header.h"
#include "net/address.h"

namespace pennypost::filter {

enum class Stage { kConnection, kRecipient, kMessage };
enum class Action { kAllow, kReject, kDefer, kTag, kDiscard, kQuarantine };

// "reject" and its like; nothing for another word.
std::optional<Action> ParseAction(std::string_view name);

// Empty members match all.
struct Rule {
  std::string name;
  std::string peer;              // CIDR
  std::string helo;              // "*.example.org" matches subdomains; no case
  std::string sender_domain;     // likewise
  std::string recipient_domain;  // likewise; one of the recipients is enough
  std::string header;  // "Name: text": a field of that name contains the text, decoded, no case
  std::string auth_result;  // "spf=fail"
  std::optional<uint64_t> larger_than;
  std::string action;
  std::string text;
};

struct Facts {
  Stage stage = Stage::kConnection;
  net::IpAddress peer;
  std::string helo;
  std::string sender_domain;
  std::vector<std::string> recipient_domains;
  const mail::HeaderBlock* header = nullptr;  // at kMessage
  std::vector<std::string> auth_results;      // "spf=fail"
  uint64_t size = 0;
};

struct Decision {
  Action action = Action::kAllow;
  std::string rule;  // its name; empty where none decided
  std::string text;
};

class Policy {
 public:
  // One line for each rule that makes no sense, in the message of an InvalidArgument.
  static absl::StatusOr<Policy> Create(const std::vector<Rule>& rules);

  // Nothing: no rule decides at this stage.
  std::optional<Decision> Decide(const Facts& facts) const;
  bool empty() const { return rows_.empty(); }

 private:
  struct Row {
    Rule rule;
    std::optional<net::Cidr> peer;
    std::string header_name, header_text;
    Action action = Action::kAllow;
  };
  enum class Match { kNo, kYes, kUnknownYet };
  static absl::StatusOr<Row> Compile(const Rule& rule);
  static Match Test(const Row& row, const Facts& facts);

  std::vector<Row> rows_;
};

}  // namespace pennypost::filter
