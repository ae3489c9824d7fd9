#include "services/ingress/policy/submission.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "services/ingress/fake_services.h"
#include "services/ingress/policy/auth.h"
#include "services/ingress/policy/message.h"
#include "services/ingress/policy/recipient.h"
#include "services/ingress/policy/sender.h"
#include "testing/fake_clock.h"

namespace pennypost::ingress {
namespace {

std::string Authors(std::string_view header_text) {
  std::string message(header_text);
  message += "\r\nbody\r\n";
  auto authors = AuthorsOf(mail::ParseHeaderBlock(message));
  if (!authors.ok()) return "-";
  std::string out;
  for (const std::string& author : *authors) out += (out.empty() ? "" : " ") + author;
  return out;
}

// S6: whatever a reader may be shown as the author is checked, or the message does not pass.
TEST(AuthorsOf, FindsEveryAuthorOrRefuses) {
  EXPECT_EQ(Authors("From: bob@example.org\r\n"), "bob@example.org");
  EXPECT_EQ(Authors("From: Bob <bob@Example.ORG>\r\n"), "bob@example.org");
  EXPECT_EQ(Authors("From: a@b, \"c@d\" <e@f>\r\nSender: g@h\r\n"), "a@b e@f g@h");
  EXPECT_EQ(Authors("From: =?utf-8?q?ceo=40example=2Eorg?= <e@f>\r\n"), "e@f");
  EXPECT_EQ(Authors("from: \"bob\"@example.org\r\n"), "bob@example.org");
  for (const char* bad :
       {"", "Subject: x\r\n", "From: a@b\r\nFrom: c@d\r\n", "From: a@b\r\nfrom : c@d\r\n",
        "From:\r\n", "From: ceo: a@b;\r\n", "From: undisclosed:;\r\n", "From: nobody\r\n",
        "From: <>\r\n", "From: a@b\r\nSender: c@d\r\nSender: e@f\r\n",
        "From: =?utf-8?q?a=40b?=\r\n"}) {
    EXPECT_EQ(Authors(bad), "-") << bad;
  }
}

TEST(FixSubmission, AddsAndStrips) {
  SubmissionFixes fixes{absl::FromUnixSeconds(0), "id", "mx"};
  auto fix = [&](const std::string& message) {
    return FixSubmission(message, mail::ParseHeaderBlock(message), fixes);
  };
  EXPECT_EQ(fix("From: a@b\r\nBcc: x@y,\r\n z@w\r\nTo: c\r\nbcc: q\r\n\r\nbody\r\nBcc: stays\r\n"),
            "From: a@b\r\nTo: c\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\n"
            "Message-ID: <id@mx>\r\n\r\nbody\r\nBcc: stays\r\n");
  std::string complete = "From: a@b\r\nDate: x\r\nMessage-ID: <y>\r\n\r\nbody";
  EXPECT_EQ(fix(complete), complete);
  EXPECT_EQ(fix("From: a@b\r\nDate: x\r\nno header line\r\n"),
            "From: a@b\r\nDate: x\r\nMessage-ID: <id@mx>\r\nno header line\r\n");
}

// The policy functions as a logged-in session meets them.
class Submission : public ::testing::Test {
 protected:
  Submission() {
    clients_.directory = &directory_;
    clients_.mailbox = &mailbox_;
    clients_.relay = &relay_;
    clients_.filter = &filter_;
    IngressOptions options;
    options.hostname = "mx.example.org";
    platform_ = std::make_unique<Platform>(options, clients_, clock_, nullptr);
    session_ = std::make_unique<SessionContext>(*platform_);
    info_.mode = smtp::Mode::kSubmission;
    info_.tls = info_.esmtp = true;
    info_.helo = "laptop";
    session_->info = &info_;
    session_->client_ip = "192.0.2.7";
    session_->tls = "TLSv1.3 X";
  }

  template <class T>
  T Run(net::Awaitable<T> what) {
    boost::asio::io_context io;
    auto result = boost::asio::co_spawn(io, std::move(what), boost::asio::use_future);
    io.run();
    return result.get();
  }

  static std::string Text(const smtp::Outcome& outcome) {
    if (auto* refuse = std::get_if<smtp::Refuse>(&outcome)) return refuse->reply.ToString();
    if (auto* defer = std::get_if<smtp::Defer>(&outcome)) return defer->reply.ToString();
    return "accept";
  }

  std::string LogIn(std::string user, std::string password, std::string authzid = "") {
    smtp::CheckPassword request{"PLAIN",
                                {std::move(authzid), std::move(user), std::move(password)}};
    std::string text = Text(Run(CheckPassword(*session_, request)));
    info_.authenticated = text == "accept";
    return text;
  }

  // MAIL, RCPT and content as the logged-in bob.
  std::string Send(const std::string& sender, const std::string& recipient,
                   const std::string& content) {
    mail::Envelope envelope;
    if (!sender.empty()) envelope.sender = *mail::ParseAddress(sender);
    std::string text = Text(Run(CheckSender(*session_, envelope)));
    if (text != "accept") return "MAIL " + text;
    mail::Recipient to;
    to.address = *mail::ParseAddress(recipient);
    text = Text(Run(CheckRecipient(*session_, envelope, to)));
    if (text != "accept") return "RCPT " + text;
    envelope.recipients.push_back(to);
    session_->body = content;
    return Text(Run(AcceptMessage(*session_, envelope)));
  }

  FakeDirectory directory_;
  FakeMailbox mailbox_;
  FakeRelay relay_;
  FakeFilter filter_;
  clients::Clients clients_;
  testing::FakeClock clock_;
  std::unique_ptr<Platform> platform_;
  smtp::SessionInfo info_;
  std::unique_ptr<SessionContext> session_;
};

TEST_F(Submission, PasswordsAndDirectoryAway) {
  EXPECT_EQ(LogIn("bob@example.org", "wrong"), "535 5.7.8 authentication failed");
  directory_.failures.Add(UnavailableError("down"));
  EXPECT_TRUE(LogIn("bob@example.org", "secret").starts_with("454 4.7.0"));
  directory_.failures.Add(
      MakeError(absl::StatusCode::kResourceExhausted, Reason::kRateLimited, ""));
  EXPECT_TRUE(LogIn("bob@example.org", "secret").starts_with("454 4.7.0"));
  EXPECT_EQ(LogIn("bob@example.org", "secret", "carol@example.org"),
            "535 5.7.8 authentication failed");
  EXPECT_EQ(session_->account_id, 0);
  EXPECT_EQ(LogIn("bob@example.org", "secret", "BOB@example.org"), "accept");
  EXPECT_EQ(session_->account_id, 1);
}

TEST_F(Submission, ScramKeysAndEnd) {
  smtp::Outcome keys = Run(FetchScramKeys(*session_, {"SCRAM-SHA-256", "bob@example.org"}));
  ASSERT_TRUE(std::holds_alternative<sasl::ScramKeys>(keys));
  EXPECT_EQ(std::get<sasl::ScramKeys>(keys).iterations, 4096);
  directory_.failures.Add(UnavailableError("down"));
  keys = Run(FetchScramKeys(*session_, {"SCRAM-SHA-256", "bob@example.org"}));
  EXPECT_TRUE(Text(keys).starts_with("454 4.7.0"));
  smtp::ScramFinished finished{"SCRAM-SHA-256", {"", "bob@example.org"}, false};
  EXPECT_TRUE(Text(Run(FinishScram(*session_, finished))).starts_with("535 5.7.8"));
  finished.proven = true;
  EXPECT_EQ(Text(Run(FinishScram(*session_, finished))), "accept");
  EXPECT_EQ(session_->account_address, "bob@example.org");
}

// S6
TEST_F(Submission, NobodySendsAsAnother) {
  ASSERT_EQ(LogIn("bob@example.org", "secret"), "accept");
  const std::string good = "From: bob@example.org\r\n\r\nx\r\n";
  EXPECT_TRUE(Send("carol@example.org", "x@remote.example", good).starts_with("MAIL 550 5.7.1"));
  for (const char* bad : {"From: carol@example.org\r\n\r\n", "From: bob@example.org, eve@x\r\n\r\n",
                          "From: bob@example.org\r\nFrom: eve@x\r\n\r\n",
                          "From: bob@example.org\r\nSender: eve@x\r\n\r\n", "Subject: none\r\n\r\n",
                          "From: g: bob@example.org;\r\n\r\n"}) {
    EXPECT_TRUE(Send("bob@example.org", "x@remote.example", bad).starts_with("550 5.7.1")) << bad;
    EXPECT_TRUE(Send("", "x@remote.example", bad).starts_with("550 5.7.1")) << bad;
  }
  EXPECT_TRUE(relay_.queued.empty());
  EXPECT_EQ(Send("bob@example.org", "x@remote.example", good), "accept");
  directory_.failures.Add(UnavailableError("down"));
  EXPECT_TRUE(Send("bob@example.org", "x@remote.example", good).starts_with("MAIL 451 4.3.0"));
}

TEST_F(Submission, LeavesWithDateAndMessageIdAndWithoutBcc) {
  ASSERT_EQ(LogIn("bob@example.org", "secret"), "accept");
  ASSERT_EQ(Send("bob@example.org", "x@remote.example",
                 "From: bob@example.org\r\nBcc: secret@x\r\n\r\nx\r\n"),
            "accept");
  ASSERT_EQ(relay_.queued.size(), 1u);
  const auto& [mail_id, request] = *relay_.queued.begin();
  EXPECT_EQ(request.content().find("Bcc"), std::string::npos);
  EXPECT_NE(request.content().find("Message-ID: <" + mail_id + "@mx.example.org>\r\n"),
            std::string::npos);
  EXPECT_NE(request.content().find("with ESMTPSA id "), std::string::npos);
  EXPECT_NE(request.content().find("(TLSv1.3 X)"), std::string::npos);
  EXPECT_EQ(request.origin().auth_account_id(), 1);
  // filter judges what will be sent.
  EXPECT_EQ(filter_.asked.back().content().find("Bcc"), std::string::npos);
  // One's own recipients are not greylisted.
  EXPECT_EQ(filter_.asked.size(), 1u);
}

}  // namespace
}  // namespace pennypost::ingress
