#include "services/filter/core/policy.h"

#include <algorithm>

#include "base/text.h"
#include "mime/encoded_word.h"

namespace pennypost::filter {
namespace {

struct ActionName {
  std::string_view name;
  Action action;
};
constexpr ActionName kActions[] = {
    {"allow", Action::kAllow}, {"reject", Action::kReject},   {"defer", Action::kDefer},
    {"tag", Action::kTag},     {"discard", Action::kDiscard}, {"quarantine", Action::kQuarantine},
};

// "example.org" or "*.example.org".
bool MatchesDomain(std::string_view pattern, std::string_view domain) {
  if (!pattern.starts_with("*.")) return EqualsIgnoreCase(pattern, domain);
  std::string_view tail = pattern.substr(1);
  return domain.size() > tail.size() &&
         EqualsIgnoreCase(domain.substr(domain.size() - tail.size()), tail);
}

bool ContainsIgnoreCase(std::string_view text, std::string_view part) {
  return ToLower(text).find(ToLower(part)) != std::string::npos;
}

bool HasField(const mail::HeaderBlock& header, std::string_view name, std::string_view text) {
  return std::any_of(header.fields.begin(), header.fields.end(),
                     [&](const mail::HeaderField& field) {
                       return EqualsIgnoreCase(field.name, name) &&
                              ContainsIgnoreCase(mime::DecodeHeader(field.value), text);
                     });
}

bool IsEmpty(const Rule& rule) {
  return rule.peer.empty() && rule.helo.empty() && rule.sender_domain.empty() &&
         rule.recipient_domain.empty() && rule.header.empty() && rule.auth_result.empty() &&
         !rule.larger_than;
}

}  // namespace

std::optional<Action> ParseAction(std::string_view name) {
  for (const ActionName& known : kActions) {
    if (known.name == name) return known.action;
  }
  return std::nullopt;
}

absl::StatusOr<Policy::Row> Policy::Compile(const Rule& rule) {
  Row row;
  row.rule = rule;
  if (rule.name.empty()) return SyntaxError("a rule needs a name");
  if (IsEmpty(rule)) return SyntaxError("rule " + rule.name + ": nothing to match");
  if (!rule.peer.empty()) {
    absl::StatusOr<net::Cidr> peer = net::Cidr::Parse(rule.peer);
    if (!peer.ok()) return SyntaxError("rule " + rule.name + ": " + MessageOf(peer.status()));
    row.peer = *peer;
  }
  if (!rule.header.empty()) {
    size_t colon = rule.header.find(':');
    if (colon == std::string::npos)
      return SyntaxError("rule " + rule.name + ": header must be \"Name: text\"");
    row.header_name = Trim(std::string_view(rule.header).substr(0, colon));
    row.header_text = Trim(std::string_view(rule.header).substr(colon + 1));
  }
  if (!rule.auth_result.empty() && rule.auth_result.find('=') == std::string::npos) {
    return SyntaxError("rule " + rule.name + ": auth_result must be \"method=result\"");
  }
  std::optional<Action> action = ParseAction(rule.action);
  if (!action) return SyntaxError("rule " + rule.name + ": unknown action '" + rule.action + "'");
  row.action = *action;
  return row;
}

absl::StatusOr<Policy> Policy::Create(const std::vector<Rule>& rules) {
  Policy policy;
  std::string problems;
  for (const Rule& rule : rules) {
    absl::StatusOr<Row> row = Compile(rule);
    if (row.ok()) {
      policy.rows_.push_back(*std::move(row));
    } else {
      problems +=
          (problems.empty() ? "filter.rules: " : "\nfilter.rules: ") + MessageOf(row.status());
    }
  }
  if (!problems.empty()) return SyntaxError(problems);
  return policy;
}

Policy::Match Policy::Test(const Row& row, const Facts& facts) {
  const Rule& rule = row.rule;
  if (row.peer && !row.peer->Contains(facts.peer)) return Match::kNo;
  bool at_message = facts.stage == Stage::kMessage;
  bool at_recipient = at_message || facts.stage == Stage::kRecipient;
  bool unknown = false;
  if (!rule.helo.empty()) {
    if (!at_recipient && facts.helo.empty()) {
      unknown = true;
    } else if (!MatchesDomain(rule.helo, facts.helo)) {
      return Match::kNo;
    }
  }
  if (!rule.sender_domain.empty() && at_recipient &&
      !MatchesDomain(rule.sender_domain, facts.sender_domain)) {
    return Match::kNo;
  }
  if (!rule.recipient_domain.empty() && at_recipient &&
      std::none_of(facts.recipient_domains.begin(), facts.recipient_domains.end(),
                   [&rule](const std::string& domain) {
                     return MatchesDomain(rule.recipient_domain, domain);
                   })) {
    return Match::kNo;
  }
  unknown =
      unknown || (!at_recipient && (!rule.sender_domain.empty() || !rule.recipient_domain.empty()));
  if (!at_message) {
    unknown = unknown || !rule.header.empty() || !rule.auth_result.empty() || rule.larger_than;
    return unknown ? Match::kUnknownYet : Match::kYes;
  }
  if (rule.larger_than && facts.size <= *rule.larger_than) return Match::kNo;
  if (!rule.auth_result.empty() && std::find(facts.auth_results.begin(), facts.auth_results.end(),
                                             rule.auth_result) == facts.auth_results.end()) {
    return Match::kNo;
  }
  bool header = rule.header.empty() || (facts.header != nullptr &&
                                        HasField(*facts.header, row.header_name, row.header_text));
  return header ? Match::kYes : Match::kNo;
}

std::optional<Decision> Policy::Decide(const Facts& facts) const {
  for (const Row& row : rows_) {
    Match match = Test(row, facts);
    if (match == Match::kNo) continue;
    if (match == Match::kUnknownYet) return std::nullopt;
    return Decision{row.action, row.rule.name, row.rule.text};
  }
  return std::nullopt;
}

}  // namespace pennypost::filter
