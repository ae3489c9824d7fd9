#include "services/filter/core/policy.h"

#include <gtest/gtest.h>

namespace pennypost::filter {
namespace {

Rule Named(std::string name, std::string action) {
  Rule rule;
  rule.name = std::move(name);
  rule.action = std::move(action);
  return rule;
}

class PolicyTest : public ::testing::Test {
 protected:
  PolicyTest() {
    message_ = "Subject: =?utf-8?Q?Cheap_Pills?=\r\nList-Id: <news.example>\r\n\r\n";
    header_ = mail::ParseHeaderBlock(message_);
    facts_.peer = *net::IpAddress::Parse("192.0.2.7");
    facts_.helo = "mail.Example.com";
    facts_.sender_domain = "lists.example.com";
    facts_.recipient_domains = {"a.test", "b.test"};
    facts_.auth_results = {"spf=fail", "dkim=pass", "dkim=fail"};
    facts_.size = 1000;
    facts_.header = &header_;
  }
  // The name of the deciding rule, "-" for none.
  std::string Decide(const std::vector<Rule>& rules, Stage stage) {
    absl::StatusOr<Policy> policy = Policy::Create(rules);
    EXPECT_TRUE(policy.ok()) << MessageOf(policy.status());
    facts_.stage = stage;
    std::optional<Decision> decision = policy->Decide(facts_);
    return decision ? decision->rule : "-";
  }
  bool Matches(Rule rule) {
    rule.name = "r";
    rule.action = "reject";
    return Decide({rule}, Stage::kMessage) == "r";
  }

  std::string message_;
  mail::HeaderBlock header_;
  Facts facts_;
};

TEST_F(PolicyTest, EachConditionByItself) {
  struct {
    std::string Rule::*member;
    const char* value;
    bool matches;
  } rows[] = {
      {&Rule::peer, "192.0.2.0/24", true},
      {&Rule::peer, "198.51.100.0/24", false},
      {&Rule::helo, "MAIL.example.com", true},
      {&Rule::helo, "*.example.com", true},
      {&Rule::helo, "example.com", false},
      {&Rule::sender_domain, "*.example.com", true},
      {&Rule::sender_domain, "*.lists.example.com", false},
      {&Rule::sender_domain, "lists.example.com", true},
      {&Rule::recipient_domain, "b.test", true},
      {&Rule::recipient_domain, "c.test", false},
      {&Rule::header, "subject: cheap pills", true},
      {&Rule::header, "List-Id:", true},
      {&Rule::header, "X-None: a", false},
      {&Rule::auth_result, "dkim=fail", true},
      {&Rule::auth_result, "spf=pass", false},
  };
  for (const auto& row : rows) {
    Rule rule;
    rule.*row.member = row.value;
    EXPECT_EQ(Matches(rule), row.matches) << row.value;
  }
  Rule size;
  size.larger_than = 999;
  EXPECT_TRUE(Matches(size));
  size.larger_than = 1000;
  EXPECT_FALSE(Matches(size));
}

TEST_F(PolicyTest, TheFirstMatchDecidesAndAllConditionsMustHold) {
  Rule both = Named("both", "reject");
  both.peer = "192.0.2.0/24";
  both.sender_domain = "other.example";
  Rule first = Named("first", "tag");
  first.peer = "192.0.2.0/24";
  Rule second = Named("second", "reject");
  second.peer = "192.0.2.0/24";
  EXPECT_EQ(Decide({both, first, second}, Stage::kMessage), "first");
}

TEST_F(PolicyTest, ARuleThatMayYetMatchHoldsBackThoseBelow) {
  Rule allow = Named("allow", "allow");
  allow.auth_result = "dkim=pass";
  Rule reject = Named("reject", "reject");
  reject.peer = "192.0.2.0/24";
  EXPECT_EQ(Decide({allow, reject}, Stage::kConnection), "-");
  EXPECT_EQ(Decide({allow, reject}, Stage::kRecipient), "-");
  EXPECT_EQ(Decide({allow, reject}, Stage::kMessage), "allow");
  EXPECT_EQ(Decide({reject, allow}, Stage::kConnection), "reject");
  allow.peer = "198.51.100.0/24";  // cannot match any more
  EXPECT_EQ(Decide({allow, reject}, Stage::kConnection), "reject");
}

TEST(Policy, MistakesAreNamedOneALine) {
  Rule nothing = Named("a", "allow");
  Rule peer = Named("b", "allow");
  peer.peer = "300.1.1.1";
  Rule action = Named("c", "explode");
  action.helo = "x";
  Rule header = Named("d", "tag");
  header.header = "no colon";
  Rule result = Named("e", "tag");
  result.auth_result = "spf";
  std::string problems =
      MessageOf(Policy::Create({nothing, peer, action, header, result}).status());
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 4) << problems;
  EXPECT_NE(problems.find("rule c: unknown action 'explode'"), std::string::npos);
}

}  // namespace
}  // namespace pennypost::filter
