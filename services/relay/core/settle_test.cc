#include "services/relay/core/settle.h"

#include <gtest/gtest.h>

#include "services/relay/core/routes.h"

namespace pennypost::relay {
namespace {

using Kind = DeliveryResult::Kind;

class SettleTest : public ::testing::Test {
 protected:
  SettleTest() : policy_(DefaultRetryPolicy()) {
    policy_.hostname = "mx.a.test";
    message_.mail_id = NewUuidV7(start_);
    message_.sender = "joe@a.test";
    message_.queued_at = start_;
    message_.content = "From: joe@a.test\r\nSubject: hello\r\n\r\nsecret body\r\n";
    message_.envelope_id = "QQ314159";
    delivery_.lease = {message_.mail_id, 3, 1};
    delivery_.recipient.address = "bob@b.test";
    delivery_.recipient.original = "rfc822;Bob@B.test";
    delivery_.attempts = 1;
  }
  DeliveryResult Result(Kind kind, int code, std::string enhanced) {
    return {kind, {code, std::move(enhanced), "some words\nmore"}, "mx.b.test", false, false};
  }
  Outcome After(absl::Duration age, const DeliveryResult& result) {
    return Settle(message_, delivery_, result, start_ + age, policy_);
  }

  absl::Time start_ = absl::FromUnixSeconds(1'700'000'000);
  RetryPolicy policy_;
  Message message_;
  Delivery delivery_;
};

// A clock that is set ahead by years, here or at the store, bounces nothing.
TEST_F(SettleTest, K10_NothingExpiresByOneClockAlone) {
  DeliveryResult deferred = Result(Kind::kDeferred, 451, "4.2.0");
  message_.age = absl::Minutes(5);
  Outcome outcome = After(absl::Hours(24 * 3650), deferred);
  EXPECT_EQ(outcome.state, State::kQueued);
  EXPECT_FALSE(outcome.report);
  message_.age = absl::Hours(24 * 3650);
  outcome = After(absl::Minutes(5), deferred);
  EXPECT_EQ(outcome.state, State::kQueued);
  EXPECT_FALSE(outcome.report);
  outcome = After(absl::Hours(24 * 3650), deferred);
  EXPECT_EQ(outcome.state, State::kBounced);
}

TEST_F(SettleTest, AFailureIsReportedOnceToTheSender) {
  Outcome outcome = After(absl::Minutes(1), Result(Kind::kFailed, 550, "5.1.1"));
  EXPECT_EQ(outcome.state, State::kBounced);
  EXPECT_EQ(outcome.events[0].kind, "bounced");
  ASSERT_TRUE(outcome.report);
  const NewMessage& report = *outcome.report;
  EXPECT_EQ(report.message.sender, "");
  EXPECT_EQ(report.recipients[0].address, "joe@a.test");
  EXPECT_EQ(report.message.mail_id, UuidV5(message_.mail_id, "dsn/failed/3"));
  for (std::string_view line :
       {"From: Mail Delivery System <MAILER-DAEMON@mx.a.test>\r\n",
        "Auto-Submitted: auto-replied\r\n", "report-type=delivery-status",
        "Reporting-MTA: dns; mx.a.test\r\n", "Original-Envelope-Id: QQ314159\r\n",
        "Original-Recipient: rfc822;Bob@B.test\r\n", "Final-Recipient: rfc822; bob@b.test\r\n",
        "Action: failed\r\nStatus: 5.1.1\r\n", "Remote-MTA: dns; mx.b.test\r\n",
        "Diagnostic-Code: smtp; 550 5.1.1 some words more\r\n", "Content-Type: message/rfc822\r\n",
        "secret body"}) {
    EXPECT_NE(report.message.content.find(line), std::string::npos) << line << "\n"
                                                                    << report.message.content;
  }
}

TEST_F(SettleTest, HeadersOnlyWhereAskedFor) {
  message_.return_headers_only = true;
  Outcome outcome = After(absl::Minutes(1), Result(Kind::kFailed, 550, "5.1.1"));
  EXPECT_EQ(outcome.report->message.content.find("secret body"), std::string::npos);
  EXPECT_NE(outcome.report->message.content.find("text/rfc822-headers\r\n\r\nFrom: joe@a.test"),
            std::string::npos);
}

TEST_F(SettleTest, WhatIsNeverReported) {
  delivery_.recipient.notify.never = true;
  EXPECT_FALSE(After(absl::Minutes(1), Result(Kind::kFailed, 550, "5.1.1")).report);
  delivery_.recipient.notify = {false, true, false, true};
  EXPECT_FALSE(After(absl::Minutes(1), Result(Kind::kFailed, 550, "5.1.1")).report);
  delivery_.recipient.notify = {};
  message_.sender.clear();
  EXPECT_FALSE(After(absl::Minutes(1), Result(Kind::kFailed, 550, "5.1.1")).report);
}

TEST_F(SettleTest, WaitsGrowAndEndWithTheLifetime) {
  DeliveryResult deferred = Result(Kind::kDeferred, 451, "4.4.1");
  EXPECT_EQ(After(absl::ZeroDuration(), deferred).next_at, start_ + absl::Minutes(5));
  delivery_.attempts = 3;
  EXPECT_EQ(After(absl::Hours(1), deferred).next_at, start_ + absl::Hours(1) + absl::Minutes(20));
  delivery_.attempts = 99;
  EXPECT_EQ(After(absl::Hours(1), deferred).next_at, start_ + absl::Hours(5));
  EXPECT_EQ(After(absl::Hours(119), deferred).next_at, start_ + absl::Hours(120));
  Outcome expired = After(absl::Hours(120), deferred);
  EXPECT_EQ(expired.state, State::kBounced);
  EXPECT_NE(expired.report->message.content.find("Status: 5.4.7"), std::string::npos);
  EXPECT_NE(expired.reply.find("last: 451 4.4.1"), std::string::npos);
}

TEST_F(SettleTest, ADelayIsReportedOnce) {
  DeliveryResult deferred = Result(Kind::kDeferred, 451, "4.4.1");
  EXPECT_FALSE(After(absl::Hours(3), deferred).report);
  Outcome late = After(absl::Hours(4), deferred);
  ASSERT_TRUE(late.report);
  EXPECT_TRUE(late.delay_reported);
  EXPECT_NE(late.report->message.content.find("Action: delayed"), std::string::npos);
  EXPECT_NE(late.report->message.content.find("Will-Retry-Until: "), std::string::npos);
  EXPECT_EQ(late.report->message.content.find("secret body"), std::string::npos);
  delivery_.delay_reported = true;
  EXPECT_FALSE(After(absl::Hours(5), deferred).report);
  delivery_.delay_reported = false;
  delivery_.recipient.notify.failure = true;
  EXPECT_FALSE(After(absl::Hours(5), deferred).report);
}

// RFC 3461 5.2
TEST_F(SettleTest, SuccessIsReportedWhereAskedForAndNobodyElseDoes) {
  DeliveryResult delivered = Result(Kind::kDelivered, 250, "2.0.0");
  EXPECT_FALSE(After(absl::Minutes(1), delivered).report);
  delivery_.recipient.notify.success = true;
  Outcome relayed = After(absl::Minutes(1), delivered);
  EXPECT_NE(relayed.report->message.content.find("Action: relayed"), std::string::npos);
  delivered.local = true;
  EXPECT_NE(After(absl::Minutes(1), delivered).report->message.content.find("Action: delivered"),
            std::string::npos);
  delivered.dsn_passed_on = true;
  EXPECT_FALSE(After(absl::Minutes(1), delivered).report);
  EXPECT_EQ(relayed.state, State::kDelivered);
}

TEST_F(SettleTest, HeldWithItsReason) {
  Outcome outcome = After(absl::Minutes(1), Held("no route"));
  EXPECT_EQ(outcome.state, State::kHeld);
  EXPECT_EQ(outcome.reply, "no route");
  EXPECT_FALSE(outcome.report);
}

TEST(RouteTable, TheFirstMatchDecides) {
  RouteTable table = *RouteTable::Create({{"a.test", "smtp", "192.0.2.1:2525", "none", "", "", ""},
                                          {"*.b.test", "lmtp", "[::1]:24", "none", "", "", ""},
                                          {"c.test", "mx", "", "required", "", "", ""},
                                          {"*", "hold", "", "none", "", "", "not yet"}},
                                         "mx", 25);
  EXPECT_EQ(table.For("A.test").port, 2525);
  EXPECT_EQ(table.For("x.b.test").kind, Route::Kind::kLmtp);
  EXPECT_EQ(table.For("b.test").reason, "not yet");
  EXPECT_EQ(table.For("c.test").tls, Route::Tls::kRequired);
  EXPECT_EQ(RouteTable::Create({}, "mx", 26)->For("x.test").port, 26);
  EXPECT_EQ(RouteTable::Create({}, "hold", 25)->For("x.test").kind, Route::Kind::kHold);
}

TEST(RouteTable, MistakesAreNamedOneALine) {
  std::string problems =
      MessageOf(RouteTable::Create({{"", "smtp", "h:1", "none", "", "", ""},
                                    {"a", "pigeon", "h:1", "none", "", "", ""},
                                    {"b", "smtp", "", "none", "", "", ""},
                                    {"c", "smtp", "h:1", "maybe", "", "", ""},
                                    {"d", "hold", "", "none", "", "", ""},
                                    {"e", "smtp", "h:1", "none", "user", "pass", ""}},
                                   "drop", 25)
                    .status());
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 6) << problems;
}

}  // namespace
}  // namespace pennypost::relay
