// The driver with all policy on a memory stream, over fake services.

#include "services/ingress/connection.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "base/base64.h"
#include "net/memory_stream.h"
#include "services/ingress/fake_services.h"
#include "testing/fake_clock.h"

namespace pennypost::ingress {
namespace {

using filter::v1::CheckRequest;
using filter::v1::CheckResponse;

// Lets time pass at each Read.
class SlowStream : public net::MemoryStream {
 public:
  SlowStream(std::deque<std::string> pieces, testing::FakeClock& clock, absl::Duration step)
      : MemoryStream(std::move(pieces)), clock_(clock), step_(step) {}
  net::Awaitable<absl::StatusOr<size_t>> Read(char* buffer, size_t size,
                                              absl::Duration timeout) override {
    clock_.Advance(step_);
    return MemoryStream::Read(buffer, size, timeout);
  }

 private:
  testing::FakeClock& clock_;
  absl::Duration step_;
};

class Ingress : public ::testing::Test {
 protected:
  Ingress() {
    clients_.directory = &directory_;
    clients_.mailbox = &mailbox_;
    clients_.relay = &relay_;
    clients_.filter = &filter_;
    options_.hostname = "mx.example.org";
    options_.limits.message_size = 100'000;
  }

  // Plays one connection; each piece is what one Read gives. Returns all that was written.
  std::string Play(std::deque<std::string> pieces, ListenerKind kind = ListenerKind::kSmtp,
                   bool hang = false, int fail_at = -1) {
    std::shared_ptr<net::MemoryStream> stream;
    if (step_ > absl::ZeroDuration()) {
      stream = std::make_shared<SlowStream>(std::move(pieces), clock_, step_);
    } else {
      stream = std::make_shared<net::MemoryStream>(std::move(pieces), hang);
    }
    if (fail_at >= 0) stream->FailAt(fail_at);
    if (interrupt_) stream->Interrupt();
    Platform platform(options_, clients_, clock_, nullptr);
    boost::asio::io_context io;
    net::Peer peer;
    peer.address = *net::IpAddress::Parse("192.0.2.7");
    peer.port = 4242;
    boost::asio::co_spawn(io, RunConnection(stream, peer, kind, platform), boost::asio::detached);
    io.run();
    EXPECT_EQ(platform.budget.free(), static_cast<int64_t>(options_.body_budget));
    EXPECT_EQ(platform.sessions, 0u);
    operations_ = stream->operations();
    return stream->written();
  }

  static std::string LastLine(const std::string& output) {
    if (output.size() < 2) return "";
    size_t begin = output.rfind("\r\n", output.size() - 3);
    begin = begin == std::string::npos ? 0 : begin + 2;
    return output.substr(begin, output.size() - begin - 2);
  }

  std::deque<std::string> Mail(const std::string& recipient, const std::string& content) {
    return {"EHLO client.example\r\n",
            "MAIL FROM:<a@client.example>\r\nRCPT TO:<" + recipient + ">\r\n", "DATA\r\n",
            content + "\r\n.\r\n"};
  }

  FakeDirectory directory_;
  FakeMailbox mailbox_;
  FakeRelay relay_;
  FakeFilter filter_;
  clients::Clients clients_;
  IngressOptions options_;
  testing::FakeClock clock_;
  bool interrupt_ = false;
  absl::Duration step_;  // of time at each Read
  int operations_ = 0;
};

TEST_F(Ingress, StoresALocalMessage) {
  std::string output = Play(Mail("bob@example.org", "Subject: hi\r\n\r\nhello"));
  EXPECT_TRUE(output.starts_with("220 mx.example.org ESMTP Pennypost\r\n"));
  ASSERT_EQ(mailbox_.delivered.size(), 1u);
  EXPECT_TRUE(relay_.queued.empty());
  const auto& [mail_id, request] = *mailbox_.delivered.begin();
  EXPECT_EQ(LastLine(output), "250 2.0.0 accepted as " + mail_id);
  EXPECT_EQ(request.envelope().sender(), "a@client.example");
  ASSERT_EQ(request.recipients_size(), 1);
  EXPECT_EQ(request.recipients(0).account_id(), 1);
  EXPECT_EQ(request.recipients(0).folder(), "");
  EXPECT_EQ(request.origin().client_ip(), "192.0.2.7");
  EXPECT_EQ(request.origin().protocol(), "smtp");
  EXPECT_EQ(request.events_size(), 2);
  EXPECT_EQ(request.content(),
            "Return-Path: <a@client.example>\r\n"
            "Received: from client.example ([192.0.2.7])\r\n\tby mx.example.org with ESMTP id " +
                mail_id +
                "\r\n\tfor <bob@example.org>;\r\n\tTue, 14 Nov 2023 22:13:20 +0000\r\n"
                "Subject: hi\r\n\r\nhello\r\n");
}

// ROBUSTNESS 2.7.
TEST_F(Ingress, K6_AFullDiskIsSaidAtMailAndAtTheEndOfData) {
  absl::Status full =
      MakeError(absl::StatusCode::kResourceExhausted, Reason::kStorageFull, "the disk is full");
  for (absl::Status* room : {&mailbox_.room, &relay_.room}) {
    *room = full;
    std::string output = Play({"EHLO a\r\n", "MAIL FROM:<a@b.example>\r\n"});
    EXPECT_TRUE(LastLine(output).starts_with("452 4.3.1 ")) << output;
    *room = UnavailableError("away");  // is not full
    EXPECT_TRUE(LastLine(Play({"EHLO a\r\n", "MAIL FROM:<a@b.example>\r\n"})).starts_with("250 "));
    *room = absl::OkStatus();
  }
  mailbox_.failures.Add(full);
  EXPECT_TRUE(LastLine(Play(Mail("bob@example.org", "a: b\r\n\r\nx"))).starts_with("452 4.3.1 "));
  EXPECT_EQ(mailbox_.calls, 1);
  relay_.failures.Add(full);
  EXPECT_TRUE(LastLine(Play(Mail("fan@example.org", "a: b\r\n\r\nx"))).starts_with("452 4.3.1 "));
}

TEST_F(Ingress, OneCopyAnAccount) {
  Play({"EHLO a\r\n",
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<team@example.org>\r\nRCPT TO:<bob@example.org>\r\n"
        "RCPT TO:<carol@example.org>\r\n",
        "DATA\r\n", "x\r\n.\r\n"});
  ASSERT_EQ(mailbox_.delivered.size(), 1u);
  const auto& request = mailbox_.delivered.begin()->second;
  EXPECT_EQ(request.recipients_size(), 2);
  // With several recipients none is named.
  EXPECT_EQ(request.content().find("for <"), std::string::npos);
}

// ROBUSTNESS 2.1: one owner for the whole message.
TEST_F(Ingress, AnythingRemoteGoesToRelayAsAWhole) {
  std::string output = Play({"EHLO a\r\n",
                             "MAIL FROM:<a@b.example> ENVID=a+2Bb RET=HDRS\r\n"
                             "RCPT TO:<carol@example.org> NOTIFY=FAILURE ORCPT=rfc822;x@y\r\nRCPT "
                             "TO:<fan@example.org>\r\n",
                             "DATA\r\n", "x\r\n.\r\n"});
  EXPECT_TRUE(mailbox_.delivered.empty());
  ASSERT_EQ(relay_.queued.size(), 1u);
  const auto& request = relay_.queued.begin()->second;
  ASSERT_EQ(request.recipients_size(), 3);
  EXPECT_EQ(request.recipients(0).account_id(), 2);
  EXPECT_TRUE(request.recipients(0).dsn().notify_failure());
  EXPECT_EQ(request.recipients(0).dsn().original_recipient(), "rfc822;x@y");
  EXPECT_EQ(request.recipients(2).address(), "fan@remote.example");
  EXPECT_EQ(request.envelope().envelope_id(), "a+b");
  EXPECT_TRUE(request.envelope().return_headers_only());
  EXPECT_TRUE(request.content().starts_with("Received: "));
  EXPECT_EQ(LastLine(output), "250 2.0.0 accepted as " + request.mail_id());
}

TEST_F(Ingress, SuccessReportsAreRelaysWork) {
  Play({"EHLO a\r\n", "MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org> NOTIFY=SUCCESS\r\n",
        "DATA\r\n", "x\r\n.\r\n"});
  EXPECT_EQ(relay_.queued.size(), 1u);
}

// S5, S14
TEST_F(Ingress, RecipientsThatAreRefused) {
  std::string output =
      Play({"EHLO a\r\n",
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@example.org>\r\n"
            "RCPT TO:<x@remote.example>\r\nRCPT TO:<x%remote.example@example.org>\r\n"
            "RCPT TO:<full@example.org>\r\nRCPT TO:<loop@example.org>\r\n"
            "RCPT TO:<off@example.org>\r\nRCPT TO:<x@[192.0.2.1]>\r\n"
            "RCPT TO:<postmaster>\r\n"});
  size_t at = output.find("250 2.1.0 ok\r\n");
  EXPECT_EQ(output.substr(at),
            "250 2.1.0 ok\r\n550 5.1.1 no such user here\r\n550 5.7.1 relaying denied\r\n"
            "550 5.1.1 no such user here\r\n452 4.2.2 mailbox is full\r\n"
            "550 5.4.6 the address leads back to itself\r\n550 5.1.1 no such user here\r\n"
            "550 5.7.1 relaying denied\r\n250 2.1.5 ok\r\n");
  ASSERT_EQ(relay_.events.size(), 7u);
  EXPECT_EQ(relay_.events[0].kind(), "refused");
  EXPECT_EQ(relay_.events[0].recipient(), "nobody@example.org");
}

// The history of a message tells of all its recipients.
TEST_F(Ingress, RefusedRecipientsStandUnderTheIdOfTheMessage) {
  Play({"EHLO a\r\n",
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<Nobody@example.org>\r\nRCPT TO:<bob@example.org>\r\n",
        "DATA\r\n", "x\r\n.\r\n", "MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@example.org>\r\n"});
  ASSERT_EQ(mailbox_.delivered.size(), 1u);
  ASSERT_EQ(relay_.events.size(), 2u);
  EXPECT_EQ(relay_.events[0].mail_id(), mailbox_.delivered.begin()->first);
  EXPECT_EQ(relay_.events[0].recipient(), "nobody@example.org");
  EXPECT_NE(relay_.events[1].mail_id(), relay_.events[0].mail_id());
  EXPECT_EQ(relay_.events[1].mail_id().size(), 36u);
}

// A group may ask who sends; a suspended tenant's mail is to come again.
TEST_F(Ingress, GroupsAndSuspendedTenants) {
  std::string output =
      Play({"EHLO a\r\n",
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<closed@example.org>\r\n"
            "RCPT TO:<empty@example.org>\r\nRCPT TO:<huge@example.org>\r\n"
            "RCPT TO:<later@example.org>\r\nRSET\r\n"
            "MAIL FROM:<member@remote.example>\r\nRCPT TO:<closed@example.org>\r\nRSET\r\n"
            "MAIL FROM:<>\r\nRCPT TO:<closed@example.org>\r\n"});
  EXPECT_EQ(output.substr(output.find("250 2.1.0 ok\r\n")),
            "250 2.1.0 ok\r\n550 5.7.1 only members may send to this group\r\n"
            "550 5.2.4 the group has no members\r\n"
            "550 5.2.4 the address leads to too many others\r\n"
            "450 4.2.1 this mailbox takes no mail for now, try again later\r\n250 2.0.0 ok\r\n"
            "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 ok\r\n"
            "250 2.1.0 ok\r\n550 5.7.1 only members may send to this group\r\n");
}

// Our own trouble is never the sender's fault.
TEST_F(Ingress, DirectoryAway) {
  for (const absl::Status& status :
       {UnavailableError("down"), BugError("bug"), NotFoundError("what"), SyntaxError("what")}) {
    directory_.failures.Add(status);
    std::string output =
        Play({"EHLO a\r\n", "MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\n"});
    EXPECT_TRUE(LastLine(output).starts_with("451 4.3.0 ")) << output;
  }
}

TEST_F(Ingress, StoreAway) {
  for (const absl::Status& status :
       {UnavailableError("down"), BugError("bug"), PolicyError("what"), NotFoundError("gone"),
        MakeError(absl::StatusCode::kResourceExhausted, Reason::kStorageFull, "disk")}) {
    mailbox_.failures.Add(status);
    mailbox_.failures.Add(status);
    std::string output = Play(Mail("bob@example.org", "x"));
    EXPECT_EQ(LastLine(output)[0], '4') << output;
    EXPECT_TRUE(mailbox_.delivered.empty());
    mailbox_.failures = {};
  }
}

// ROBUSTNESS 2.2: the same mail_id again, so that one message comes of it.
TEST_F(Ingress, UnknownCommitIsRepeated) {
  mailbox_.failures.Add(MakeError(absl::StatusCode::kUnknown, Reason::kWriteUncertain, "?"));
  mailbox_.store_before_failing = true;
  std::string output = Play(Mail("bob@example.org", "x"));
  EXPECT_TRUE(LastLine(output).starts_with("250 2.0.0 "));
  EXPECT_EQ(mailbox_.calls, 2);
  EXPECT_EQ(mailbox_.delivered.size(), 1u);
}

TEST_F(Ingress, OneFullMailboxOfSeveralIsRelaysMatter) {
  mailbox_.failures.Add(
      MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota, "full"));
  std::string output = Play(Mail("team@example.org", "x"));
  EXPECT_TRUE(LastLine(output).starts_with("250 2.0.0 "));
  ASSERT_EQ(relay_.queued.size(), 1u);
  EXPECT_TRUE(relay_.queued.begin()->second.content().starts_with("Received: "));

  mailbox_.failures.Add(
      MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota, "full"));
  EXPECT_TRUE(LastLine(Play(Mail("bob@example.org", "x"))).starts_with("452 4.2.2 "));
}

TEST_F(Ingress, FilterVerdicts) {
  CheckResponse& answer = filter_.answers[CheckRequest::STAGE_MESSAGE];
  answer.set_action(CheckResponse::ACTION_REJECT);
  answer.set_reply_text("spam\r\n250 ok");
  EXPECT_EQ(LastLine(Play(Mail("bob@example.org", "x"))), "550 5.7.1 250 ok");
  ASSERT_EQ(relay_.events.size(), 1u);
  EXPECT_TRUE(relay_.events[0].detail().starts_with("550 5.7.1 spam  250 ok (from 192.0.2.7"));
  answer.set_action(CheckResponse::ACTION_DEFER);
  answer.set_reply_code(550);  // contradicts the action
  EXPECT_TRUE(LastLine(Play(Mail("bob@example.org", "x"))).starts_with("451"));
  answer.set_action(CheckResponse::ACTION_DISCARD);
  EXPECT_TRUE(LastLine(Play(Mail("bob@example.org", "x"))).starts_with("250"));
  EXPECT_TRUE(mailbox_.delivered.empty());
  EXPECT_EQ(relay_.events.back().mail_id().size(), 36u);

  answer.set_action(CheckResponse::ACTION_TAG);
  auto* edit = answer.add_header_edits();
  edit->set_kind(filter::v1::HeaderEdit::KIND_PREPEND);
  edit->set_name("Authentication-Results");
  edit->set_value("mx.example.org;\r\n\tspf=pass");
  edit = answer.add_header_edits();
  edit->set_kind(filter::v1::HeaderEdit::KIND_REMOVE);
  edit->set_name("x-forged");
  edit->set_index(2);
  Play(Mail("bob@example.org", "X-Forged: 1\r\nTo: b\r\nX-Forged: 2\r\n\r\nbody"));
  ASSERT_EQ(mailbox_.delivered.size(), 1u);
  const auto& request = mailbox_.delivered.begin()->second;
  EXPECT_EQ(request.recipients(0).folder(), "Junk");
  size_t end_of_received = request.content().find("+0000\r\n") + 7;
  EXPECT_EQ(request.content().substr(end_of_received),
            "Authentication-Results: mx.example.org;\r\n\tspf=pass\r\n"
            "X-Forged: 1\r\nTo: b\r\n\r\nbody\r\n");

  answer.set_action(CheckResponse::ACTION_QUARANTINE);
  answer.set_rule("virus");
  Play(Mail("bob@example.org", "x"));
  ASSERT_EQ(relay_.queued.size(), 1u);
  EXPECT_EQ(relay_.queued.begin()->second.hold_reason(), "virus");
}

TEST_F(Ingress, FilterAtTheDoorAndAtTheRecipient) {
  filter_.answers[CheckRequest::STAGE_RECIPIENT].set_action(CheckResponse::ACTION_DEFER);
  std::string output = Play(Mail("bob@example.org", "x"));
  EXPECT_NE(output.find("451 4.7.1 not now, try again later\r\n554 5.5.1"), std::string::npos)
      << output;
  filter_.answers[CheckRequest::STAGE_CONNECTION].set_action(CheckResponse::ACTION_REJECT);
  EXPECT_EQ(Play({"EHLO a\r\n"}), "554 5.7.1 refused by policy\r\n");
  filter_.answers[CheckRequest::STAGE_CONNECTION].set_action(CheckResponse::ACTION_DEFER);
  EXPECT_EQ(Play({"EHLO a\r\n"}), "421 4.7.1 not now, try again later\r\n");
}

TEST_F(Ingress, FilterThatJudgesNoRecipientsIsNotAskedAboutThem) {
  filter_.answers[CheckRequest::STAGE_CONNECTION].set_recipients_unjudged(true);
  EXPECT_TRUE(LastLine(Play(Mail("bob@example.org", "x"))).starts_with("250"));
  ASSERT_EQ(filter_.asked.size(), 2u);
  EXPECT_EQ(filter_.asked[0].stage(), CheckRequest::STAGE_CONNECTION);
  EXPECT_EQ(filter_.asked[1].stage(), CheckRequest::STAGE_MESSAGE);
}

TEST_F(Ingress, AnAccountWithPlentyOfRoomIsNotAskedAboutForEachMessage) {
  std::string two =
      "MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<full@example.org>\r\n"
      "RSET\r\n";
  Play({"EHLO a\r\n", two, two, "QUIT\r\n"});
  EXPECT_EQ(mailbox_.quota_questions, 1 + 2);
}

TEST_F(Ingress, FilterAway) {
  clients_.filter = nullptr;
  EXPECT_TRUE(LastLine(Play(Mail("bob@example.org", "x"))).starts_with("250"));
  options_.defer_without_filter = true;
  EXPECT_TRUE(LastLine(Play(Mail("bob@example.org", "x"))).starts_with("451 4.7.1"));
}

// S15
TEST_F(Ingress, LoopsAndHugeHeaders) {
  std::string content;
  for (int i = 0; i < 51; ++i) content += "Received: from x\r\n";
  EXPECT_EQ(LastLine(Play(Mail("bob@example.org", content))),
            "554 5.4.6 too many hops: the message loops");
  content.clear();
  for (int i = 0; i < 5000; ++i) content += "X: y\r\n";
  EXPECT_TRUE(LastLine(Play(Mail("bob@example.org", content))).starts_with("552 5.3.4"));
}

TEST_F(Ingress, BudgetExhausted) {
  options_.body_budget = 100;
  // Waits on the real clock are what the driver does; one message that fits shows the credit is
  // given back.
  EXPECT_TRUE(LastLine(Play(Mail("bob@example.org", "x"))).starts_with("250"));
}

TEST_F(Ingress, TimeoutAndDrain) {
  EXPECT_EQ(LastLine(Play({"EHLO a\r\n"}, ListenerKind::kSmtp, true)), "421 4.4.2 timeout");
  interrupt_ = true;
  EXPECT_EQ(LastLine(Play({"EHLO a\r\n"}, ListenerKind::kSmtp, true)),
            "421 4.3.2 service is going down, try again");
}

// S13: single bytes buy no time, neither in a command nor in content.
TEST_F(Ingress, SlowWriters) {
  step_ = absl::Seconds(31);
  std::deque<std::string> pieces;
  for (int i = 0; i < 100; ++i) pieces.push_back("X");
  EXPECT_EQ(LastLine(Play(pieces)), "421 4.4.2 timeout");
  auto mail = Mail("bob@example.org", "x");
  mail.pop_back();
  for (int i = 0; i < 100; ++i) mail.push_back("slow\r\n");
  EXPECT_EQ(LastLine(Play(mail)), "421 4.4.2 timeout");
  EXPECT_TRUE(mailbox_.delivered.empty());
  mail.resize(3);
  for (int i = 0; i < 100; ++i) mail.push_back(std::string(16'000, 'x') + "\r\n");
  mail.push_back(".\r\n");
  options_.limits.message_size = 10'000'000;
  EXPECT_TRUE(LastLine(Play(mail)).starts_with("250 2.0.0"));
}

TEST_F(Ingress, ConnectionRate) {
  options_.connections_per_minute = 0;
  EXPECT_EQ(Play({"EHLO a\r\n"}), "421 4.7.0 too many connections from your address\r\n");
}

TEST_F(Ingress, ProxyHeaderNamesTheClient) {
  options_.proxy_networks = *net::ParseCidrs({"192.0.2.0/24"});
  auto pieces = Mail("bob@example.org", "x");
  pieces.push_front("PROXY TCP4 198.51.100.9 192.0.2.1 1000 25\r\n");
  Play(pieces);
  ASSERT_EQ(mailbox_.delivered.size(), 1u);
  EXPECT_EQ(mailbox_.delivered.begin()->second.origin().client_ip(), "198.51.100.9");
  EXPECT_EQ(Play({"EHLO a\r\n"}), "");
}

TEST_F(Ingress, LmtpTakesMailWithoutFilteringPeers) {
  std::string output = Play({"LHLO a\r\n",
                             "MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\n"
                             "RCPT TO:<carol@example.org>\r\n",
                             "DATA\r\n", "x\r\n.\r\n"},
                            ListenerKind::kLmtp);
  ASSERT_EQ(mailbox_.delivered.size(), 1u);
  std::string reply = "250 2.0.0 accepted as " + mailbox_.delivered.begin()->first + "\r\n";
  EXPECT_TRUE(output.ends_with(reply + reply)) << output;
}

// Submission without TLS offers nothing; the policy behind it is in submission_test.cc.
TEST_F(Ingress, SubmissionWithoutCertificateTakesNoMail) {
  std::string output =
      Play({"EHLO a\r\n", "AUTH PLAIN AGJvYgBzZWNyZXQ=\r\n", "MAIL FROM:<a@b>\r\n"},
           ListenerKind::kSubmission);
  EXPECT_NE(output.find("530 5.7.0 STARTTLS first\r\n530 5.7.0 AUTH first\r\n"), std::string::npos);
  EXPECT_EQ(output.find("AUTH PLAIN"), std::string::npos);
  EXPECT_EQ(directory_.last_password, "");
}

// Fail-at-N: whatever operation of the connection fails, no message is acknowledged without being
// stored, none is stored twice, and nothing leaks.
TEST_F(Ingress, FailAtN) {
  auto pieces = Mail("bob@example.org", "x");
  Play(pieces);
  int operations = operations_;
  for (int n = 0; n < operations; ++n) {
    mailbox_.delivered.clear();
    std::string output = Play(pieces, ListenerKind::kSmtp, false, n);
    EXPECT_LE(mailbox_.delivered.size(), 1u);
    if (output.find("250 2.0.0 accepted") != std::string::npos) {
      EXPECT_EQ(mailbox_.delivered.size(), 1u) << n;
    }
  }
}

}  // namespace
}  // namespace pennypost::ingress
