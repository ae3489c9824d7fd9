#include "services/filter/core/judge.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "mailauth/arc_seal.h"
#include "mailauth/dkim_sign.h"
#include "mailauth/fake_zone.h"
#include "redis/client.h"
#include "testing/fake_clock.h"

namespace pennypost::filter {
namespace {

class ZoneAsker final : public DnsAsker {
 public:
  net::Awaitable<mailauth::DnsAnswer> Ask(mailauth::DnsQuestion question, absl::Duration) override {
    ++questions;
    co_return zone.Ask(question);
  }
  mailauth::FakeZone zone;
  int questions = 0;
};

class JudgeTest : public ::testing::Test {
 protected:
  JudgeTest() : redis_(io_, "", ""), limiter_(redis_, clock_), greylist_(redis_, clock_, {}) {
    options_.trusted_networks = {*net::Cidr::Parse("10.0.0.0/8")};
    options_.connections_per_minute = 3;
    options_.messages_per_minute = 100;
    dns_.zone.Add("example.com", mailauth::DnsType::kTxt, {"v=spf1 ip4:192.0.2.1 -all"});
    about_.stage = Stage::kMessage;
    about_.client_ip = "192.0.2.1";
    about_.helo = "mail.example.com";
    about_.sender = "joe@example.com";
    about_.recipients = {"bob@a.test"};
    about_.content = kMessage;
    about_.authserv_id = "mx.a.test";
  }
  Verdict Decide(const std::vector<Rule>& rules = {}) {
    Judge judge(options_, *Policy::Create(rules), limiter_, greylist_, dns_, clock_);
    auto decide = judge.Decide(about_);
    auto future = boost::asio::co_spawn(io_, std::move(decide), boost::asio::use_future);
    io_.restart();
    io_.run();
    return future.get();
  }

  static constexpr std::string_view kMessage =
      "From: joe@example.com\r\nSubject: x\r\n\r\nhello\r\n";
  boost::asio::io_context io_;
  testing::FakeClock clock_;
  redis::Client redis_;
  RateLimiter limiter_;
  Greylist greylist_;
  ZoneAsker dns_;
  JudgeOptions options_;
  Case about_;
};

TEST_F(JudgeTest, AStrangersMessageIsAuthenticated) {
  Verdict verdict = Decide();
  EXPECT_EQ(verdict.action, Action::kAllow);
  EXPECT_EQ(verdict.authentication_results,
            "mx.a.test;\r\n spf=pass\r\n  smtp.mailfrom=joe@example.com;\r\n dkim=none;\r\n"
            " dmarc=none\r\n  header.from=example.com;\r\n iprev=permerror\r\n"
            "  policy.iprev=192.0.2.1");
  about_.client_ip = "192.0.2.2";
  EXPECT_EQ(Decide().methods[0].result, "fail");
}

TEST_F(JudgeTest, ASignatureIsVerified) {
  mailauth::DkimPrivateKey key =
      *mailauth::DkimPrivateKey::Generate(mailauth::DkimAlgorithm::kEd25519Sha256);
  dns_.zone.Add("s._domainkey.example.com", mailauth::DnsType::kTxt, {key.PublicRecord()});
  std::string signed_message = mailauth::DkimSign(
      kMessage, {{"example.com", "s", key}}, {.unix_seconds = absl::ToUnixSeconds(clock_.Now())});
  signed_message += kMessage;
  about_.content = signed_message;
  Verdict verdict = Decide();
  ASSERT_EQ(verdict.methods.size(), 4u);
  EXPECT_EQ(verdict.methods[1].result, "pass") << verdict.methods[1].reason;
  EXPECT_EQ(verdict.methods[1].properties[0].value, "example.com");
}

// ROBUSTNESS S17; our trouble with DNS never refuses.
TEST_F(JudgeTest, ASenderWithoutMailIsRefused) {
  dns_.zone.Add("example.com", mailauth::DnsType::kMx, {""});
  Verdict verdict = Decide();
  EXPECT_EQ(verdict.action, Action::kReject);
  EXPECT_EQ(verdict.code, 550);
  EXPECT_EQ(verdict.enhanced, "5.7.27");
  about_.sender.clear();
  EXPECT_EQ(Decide().action, Action::kAllow) << "the null sender has no domain";
  about_.sender = "joe@example.com";
  about_.auth_user = "joe@example.com";
  EXPECT_EQ(Decide().action, Action::kAllow) << "a user of ours";
  about_.auth_user.clear();
  for (mailauth::DnsStatus trouble : {mailauth::DnsStatus::kServFail, mailauth::DnsStatus::kTimeout,
                                      mailauth::DnsStatus::kNxDomain}) {
    dns_.zone.Fail("example.com", mailauth::DnsType::kMx, trouble);
    EXPECT_EQ(Decide().action, Action::kAllow);
  }
  dns_.zone.Add("example.com", mailauth::DnsType::kMx, {"", "mx.example.com"});
  EXPECT_EQ(Decide().action, Action::kAllow) << "RFC 7505 3: with others it is none";
  dns_.zone.Add("example.com", mailauth::DnsType::kMx, {""});
  options_.refuse_null_mx = false;
  EXPECT_EQ(Decide().action, Action::kAllow);
}

TEST_F(JudgeTest, TheCheapPathAsksNobody) {
  about_.auth_user = "joe@a.test";
  about_.content =
      "From: a@b.c\r\nFrom: d@e.f\r\nAuthentication-Results: other; none\r\n"
      "Authentication-Results: mx.a.test; spf=pass\r\n\r\n";
  Verdict verdict = Decide();
  EXPECT_EQ(verdict.authentication_results, "mx.a.test;\r\n auth=pass\r\n  smtp.auth=joe@a.test");
  ASSERT_EQ(verdict.remove.size(), 1u);
  EXPECT_EQ(verdict.remove[0].index, 2u);
  about_.auth_user.clear();
  about_.client_ip = "10.1.2.3";
  EXPECT_EQ(Decide().authentication_results, "");
  about_.stage = Stage::kConnection;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Decide().action, Action::kAllow);
  EXPECT_EQ(dns_.questions, 0);
}

TEST_F(JudgeTest, ForgedResultsGoTheLastOneFirst) {
  about_.content =
      "Authentication-Results: mx.a.test; a=b\r\nAuthentication-Results: x; none\r\n"
      "Authentication-Results: MX.A.TEST; none\r\nFrom: a@b.c\r\n\r\n";
  Verdict verdict = Decide();
  ASSERT_EQ(verdict.remove.size(), 2u);
  EXPECT_EQ(verdict.remove[0].index, 3u);
  EXPECT_EQ(verdict.remove[1].index, 1u);
}

// RFC 9989 5.3.6; what a domain asks for its own failing mail.
TEST_F(JudgeTest, DmarcPoliciesAreObeyed) {
  auto publish = [this](std::string record) {
    dns_.zone.Add("_dmarc.example.com", mailauth::DnsType::kTxt, {std::move(record)});
  };
  publish("v=DMARC1; p=reject");
  EXPECT_EQ(Decide().action, Action::kAllow) << "SPF passed";
  about_.client_ip = "192.0.2.2";
  Verdict verdict = Decide();
  EXPECT_EQ(verdict.action, Action::kReject);
  EXPECT_EQ(verdict.code, 550);
  EXPECT_EQ(verdict.enhanced, "5.7.1");
  EXPECT_EQ(verdict.text, "refused by the DMARC policy of example.com");
  EXPECT_NE(verdict.authentication_results.find("dmarc=fail"), std::string::npos);
  publish("v=DMARC1; p=quarantine");
  EXPECT_EQ(Decide().action, Action::kTag);
  options_.dmarc_quarantine = Action::kQuarantine;
  EXPECT_EQ(Decide().action, Action::kQuarantine);
  publish("v=DMARC1; p=none");
  EXPECT_EQ(Decide().action, Action::kAllow);
  publish("v=DMARC1; p=reject");
  options_.dmarc_reject = Action::kTag;
  EXPECT_EQ(Decide().action, Action::kTag);
  options_.checks.dmarc = false;
  EXPECT_EQ(Decide().action, Action::kAllow);
  options_.checks.dmarc = true;
  options_.dmarc_reject = Action::kReject;
  Rule rule;
  rule.name = "known forwarder";
  rule.peer = "192.0.2.2";
  rule.action = "allow";
  EXPECT_EQ(Decide({rule}).action, Action::kAllow) << "the operator's rules come first";
  about_.auth_user = "joe@example.com";
  EXPECT_EQ(Decide().action, Action::kAllow) << "a user of ours";
  about_.auth_user.clear();
  about_.client_ip = "10.1.2.3";
  EXPECT_EQ(Decide().action, Action::kAllow) << "a trusted network";
}

TEST_F(JudgeTest, DmarcWithDnsInTroubleRefusesNothing) {
  about_.client_ip = "192.0.2.2";
  for (mailauth::DnsStatus trouble :
       {mailauth::DnsStatus::kServFail, mailauth::DnsStatus::kTimeout}) {
    dns_.zone.Fail("_dmarc.example.com", mailauth::DnsType::kTxt, trouble);
    EXPECT_EQ(Decide().action, Action::kAllow);
  }
}

// RFC 8617 7.2.1
TEST_F(JudgeTest, ArcOfTrustedSealersOverridesDmarc) {
  dns_.zone.Add("_dmarc.example.com", mailauth::DnsType::kTxt, {"v=DMARC1; p=reject"});
  mailauth::DkimPrivateKey key =
      *mailauth::DkimPrivateKey::Generate(mailauth::DkimAlgorithm::kEd25519Sha256);
  dns_.zone.Add("s._domainkey.lists.test", mailauth::DnsType::kTxt, {key.PublicRecord()});
  about_.client_ip = "192.0.2.2";
  auto sealed = [&key](std::string_view result) {
    std::string message = "Authentication-Results: mx.lists.test; dmarc=" + std::string(result) +
                          "\r\n" + std::string(kMessage);
    mailauth::ArcSealOptions options;
    options.authserv_id = "mx.lists.test";
    options.domain = "lists.test";
    options.selector = "s";
    options.names = {"from", "subject"};
    mailauth::ArcFields fields =
        *mailauth::ArcSeal(message, mailauth::ArcStatus::kNone, key, options);
    return "ARC-Seal: " + fields.seal + "\r\nARC-Message-Signature: " + fields.message_signature +
           "\r\nARC-Authentication-Results: " + fields.results + "\r\n" + message;
  };
  std::string passed = sealed("pass"), failed = sealed("fail");
  about_.content = passed;
  EXPECT_EQ(Decide().action, Action::kReject) << "nobody is trusted by default";
  options_.trusted_sealers = {"lists.test"};
  Verdict verdict = Decide();
  EXPECT_EQ(verdict.action, Action::kAllow) << verdict.text;
  EXPECT_NE(verdict.authentication_results.find("arc=pass"), std::string::npos);
  EXPECT_NE(verdict.authentication_results.find("dmarc=fail"), std::string::npos);
  about_.content = failed;
  EXPECT_EQ(Decide().action, Action::kReject);
  std::string changed = passed + "more\r\n";
  about_.content = changed;
  EXPECT_EQ(Decide().action, Action::kReject) << "the chain is broken";
}

// ROBUSTNESS D7
TEST_F(JudgeTest, AFromFieldThatNamesNobodyIsRefused) {
  for (std::string_view from : {"From:\r\n\r\n", "From: team: ;\r\n\r\n", "From: <>\r\n\r\n"}) {
    about_.content = from;
    Verdict verdict = Decide();
    EXPECT_EQ(verdict.action, Action::kReject) << from;
    EXPECT_EQ(verdict.enhanced, "5.6.0");
  }
}

TEST_F(JudgeTest, WithoutRedisNobodyIsGreylisted) {
  options_.greylisting = true;
  about_.stage = Stage::kRecipient;
  EXPECT_EQ(Decide().action, Action::kAllow);
}

TEST_F(JudgeTest, LimitsWithoutRedis) {
  about_.stage = Stage::kConnection;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Decide().action, Action::kAllow);
  Verdict verdict = Decide();
  EXPECT_EQ(verdict.action, Action::kDefer);
  EXPECT_EQ(verdict.code, 421);
  about_.client_ip = "192.0.2.99";
  EXPECT_EQ(Decide().action, Action::kAllow);
  about_.client_ip = "192.0.2.1";
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Decide().action, Action::kAllow);
}

// ROBUSTNESS D2
TEST_F(JudgeTest, DoubledFieldsAreRefused) {
  about_.content = "From: joe@example.com\r\nfrom: other@example.com\r\n\r\n";
  Verdict verdict = Decide();
  EXPECT_EQ(verdict.action, Action::kReject);
  EXPECT_EQ(verdict.enhanced, "5.6.0");
}

TEST_F(JudgeTest, TroubleWithDnsRefusesNothing) {
  dns_.zone.Fail("example.com", mailauth::DnsType::kTxt, mailauth::DnsStatus::kServFail);
  Verdict verdict = Decide();
  EXPECT_EQ(verdict.action, Action::kAllow);
  EXPECT_EQ(verdict.methods[0].result, "temperror");
}

TEST_F(JudgeTest, RulesSetActionAndReply) {
  Rule rule;
  rule.name = "no forgeries";
  rule.auth_result = "spf=fail";
  rule.action = "reject";
  EXPECT_EQ(Decide({rule}).action, Action::kAllow);
  about_.client_ip = "192.0.2.2";
  Verdict verdict = Decide({rule});
  EXPECT_EQ(verdict.action, Action::kReject);
  EXPECT_EQ(verdict.code, 550);
  EXPECT_EQ(verdict.rule, "no forgeries");
  rule.action = "quarantine";
  EXPECT_EQ(Decide({rule}).action, Action::kQuarantine);
  about_.stage = Stage::kConnection;
  rule.auth_result.clear();
  rule.peer = "192.0.2.2";
  EXPECT_EQ(Decide({rule}).action, Action::kAllow);  // quarantine waits for the message
  rule.action = "defer";
  EXPECT_EQ(Decide({rule}).code, 450);
}

TEST(LocalLimiter, ANewWindowStartsAnew) {
  LocalLimiter limiter;
  EXPECT_EQ(limiter.Add("a", 1), 1u);
  EXPECT_EQ(limiter.Add("a", 1), 2u);
  EXPECT_EQ(limiter.Add("b", 1), 1u);
  EXPECT_EQ(limiter.Add("a", 2), 1u);
}

}  // namespace
}  // namespace pennypost::filter
