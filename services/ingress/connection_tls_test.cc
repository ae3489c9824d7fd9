// Submission through the driver: STARTTLS, TLS from the first byte, AUTH, a mail to a remote
// address.

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "net/memory_stream.h"
#include "services/ingress/connection.h"
#include "services/ingress/fake_services.h"
#include "services/ingress/test_certificate.h"
#include "testing/fake_clock.h"

namespace pennypost::ingress {
namespace {

class SubmissionConnection : public ::testing::Test {
 protected:
  SubmissionConnection() {
    clients_.directory = &directory_;
    clients_.mailbox = &mailbox_;
    clients_.relay = &relay_;
    auto tls = net::TlsServerContext::Create(files_.certificate_file, files_.key_file);
    EXPECT_TRUE(tls.ok()) << tls.status();
    if (tls.ok()) tls_ = *std::move(tls);
    options_.hostname = "mx.example.org";
  }

  std::string Play(std::deque<std::string> pieces, ListenerKind kind, int fail_at = -1) {
    auto stream = std::make_shared<net::MemoryStream>(std::move(pieces));
    if (fail_at >= 0) stream->FailAt(fail_at);
    Platform platform(options_, clients_, clock_, tls_.get());
    boost::asio::io_context io;
    auto run = RunConnection(stream, net::Peer{}, kind, platform);
    boost::asio::co_spawn(io, std::move(run), boost::asio::detached);
    io.run();
    operations_ = stream->operations();
    return stream->written();
  }

  static std::deque<std::string> Rest() {
    return {"EHLO laptop\r\n", "AUTH PLAIN AGJvYkBleGFtcGxlLm9yZwBzZWNyZXQ=\r\n",
            "MAIL FROM:<bob@example.org>\r\nRCPT TO:<x@remote.example>\r\nDATA\r\n",
            "From: bob@example.org\r\n\r\nhello\r\n.\r\n", "QUIT\r\n"};
  }

  TestCertificate files_;
  std::unique_ptr<net::TlsServerContext> tls_;
  FakeDirectory directory_;
  FakeMailbox mailbox_;
  FakeRelay relay_;
  clients::Clients clients_;
  testing::FakeClock clock_;
  IngressOptions options_;
  int operations_ = 0;
};

TEST_F(SubmissionConnection, StartTlsThenMail) {
  auto pieces = Rest();
  pieces.push_front("STARTTLS\r\n");
  pieces.push_front("EHLO laptop\r\n");
  std::string output = Play(pieces, ListenerKind::kSubmission);
  EXPECT_NE(output.find("250 STARTTLS\r\n220 2.0.0 ready for TLS\r\n250-mx"), std::string::npos)
      << output;
  EXPECT_NE(output.find("250 AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n235 2.7.0 welcome\r\n"),
            std::string::npos);
  ASSERT_EQ(relay_.queued.size(), 1u);
  const auto& request = relay_.queued.begin()->second;
  EXPECT_EQ(request.origin().tls(), "TLSv1.3 memory");
  EXPECT_EQ(request.origin().auth_user(), "bob@example.org");
  EXPECT_EQ(request.origin().protocol(), "submission");
  EXPECT_TRUE(output.ends_with("221 2.0.0 bye\r\n"));
}

// RFC 8314 3.3
TEST_F(SubmissionConnection, TlsFromTheFirstByte) {
  std::string output = Play(Rest(), ListenerKind::kSubmissions);
  EXPECT_EQ(output.find("STARTTLS"), std::string::npos);
  EXPECT_EQ(relay_.queued.size(), 1u);
}

// T1: NOOP in the segment of STARTTLS is never answered.
TEST_F(SubmissionConnection, InjectionBeforeTls) {
  std::string output = Play({"EHLO a\r\n", "STARTTLS\r\nNOOP\r\n"}, ListenerKind::kSubmission);
  EXPECT_TRUE(output.ends_with("250 STARTTLS\r\n554 5.5.0 input before our reply\r\n")) << output;
}

TEST_F(SubmissionConnection, FailAtN) {
  auto pieces = Rest();
  pieces.push_front("STARTTLS\r\n");
  pieces.push_front("EHLO laptop\r\n");
  Play(pieces, ListenerKind::kSubmission);
  int operations = operations_;
  for (int n = 0; n < operations; ++n) {
    relay_.queued.clear();
    std::string output = Play(pieces, ListenerKind::kSubmission, n);
    bool acknowledged = output.find("250 2.0.0 accepted") != std::string::npos;
    EXPECT_TRUE(!acknowledged || relay_.queued.size() == 1u) << n;
  }
}

}  // namespace
}  // namespace pennypost::ingress
