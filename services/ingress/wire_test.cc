// Over real sockets and real TLS: our client session against our server, drain, and STARTTLS
// injection.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "net/tcp_stream.h"
#include "services/ingress/connection.h"
#include "services/ingress/fake_services.h"
#include "services/ingress/test_certificate.h"
#include "smtp/client_session.h"

namespace pennypost::ingress {
namespace {

class Wire : public ::testing::Test {
 protected:
  Wire() : work_(boost::asio::make_work_guard(io_)), thread_([this] { io_.run(); }) {
    clients_.directory = &directory_;
    clients_.mailbox = &mailbox_;
    clients_.relay = &relay_;
    tls_ = net::TlsServerContext::Create(files_.certificate_file, files_.key_file).value();
    trust_ = net::TlsClientContext::Create(files_.certificate_file).value();
    IngressOptions options;
    options.hostname = "localhost";
    platform_ = std::make_unique<Platform>(options, clients_, SystemClock(), tls_.get());
    auto run = [this](std::shared_ptr<net::Stream> stream, net::Peer peer,
                      const net::DrainSignal&) {
      return RunConnection(std::move(stream), peer, ListenerKind::kSubmission, *platform_);
    };
    listener_ = std::make_unique<net::Listener>(io_, net::ListenerLimits{}, run);
    EXPECT_TRUE(listener_->Start("127.0.0.1:0").ok());
  }
  ~Wire() override {
    listener_->BeginDrain();
    listener_->FinishDrain(absl::Seconds(5));
    work_.reset();
    io_.stop();
    thread_.join();
  }

  template <class T>
  T Await(net::Awaitable<T> what) {
    return boost::asio::co_spawn(io_, std::move(what), boost::asio::use_future).get();
  }

  net::Awaitable<std::unique_ptr<net::Stream>> Connect() {
    auto address = net::IpAddress::Parse("127.0.0.1");
    auto connect = net::ConnectTcp(*address, listener_->port(), absl::Seconds(5));
    absl::StatusOr<std::unique_ptr<net::Stream>> stream = co_await std::move(connect);
    co_return stream.ok() ? *std::move(stream) : nullptr;
  }

  // Sends one message with the client core; the result of its only recipient. The arguments outlive
  // the coroutine.
  net::Awaitable<smtp::RecipientResult> Send(const smtp::ClientOptions& options,
                                             const mail::Envelope& envelope,
                                             const std::string& content) {
    auto connect = Connect();
    std::unique_ptr<net::Stream> stream = co_await std::move(connect);
    smtp::ClientSession session(options);
    smtp::RecipientResult result;
    bool sent = false;
    std::string buffer(4096, '\0');
    for (bool open = true; open;) {
      smtp::ClientStep step = session.Next();
      if (auto* output = std::get_if<smtp::ClientOutput>(&step)) {
        auto write = stream->Write(output->bytes, absl::Seconds(5));
        absl::Status status = co_await std::move(write);
        if (!status.ok()) session.Lost();
      } else if (std::holds_alternative<smtp::ClientStartTls>(step)) {
        auto handshake = stream->StartTlsClient(*trust_, "localhost", net::PeerVerification::kNone,
                                                absl::Seconds(5));
        absl::Status status = co_await std::move(handshake);
        status.ok() ? session.TlsStarted() : session.TlsFailed();
      } else if (std::holds_alternative<smtp::ClientReady>(step)) {
        if (std::exchange(sent, true)) {
          session.Quit();
        } else {
          session.Send(envelope, content.size());
        }
      } else if (std::holds_alternative<smtp::ClientNeedContent>(step)) {
        session.Content(content);
        session.ContentEnd();
      } else if (auto* finished = std::get_if<smtp::ClientFinished>(&step)) {
        result = finished->result.recipients[0];
      } else if (std::holds_alternative<smtp::ClientClosed>(step)) {
        open = false;
      } else {
        auto read = stream->Read(buffer.data(), buffer.size(), absl::Seconds(5));
        absl::StatusOr<size_t> size = co_await std::move(read);
        if (size.ok() && *size > 0) {
          session.Feed(std::string_view(buffer).substr(0, *size));
        } else {
          session.Lost();
        }
      }
    }
    co_return result;
  }

  // Writes the pieces with a pause between them and returns all that comes until the end of the
  // stream.
  net::Awaitable<std::string> Talk(std::vector<std::string> pieces, absl::Duration pause) {
    auto connect = Connect();
    std::unique_ptr<net::Stream> stream = co_await std::move(connect);
    for (const std::string& piece : pieces) {
      auto wait = net::Sleep(pause);
      co_await std::move(wait);
      auto write = stream->Write(piece, absl::Seconds(5));
      absl::Status status = co_await std::move(write);
      if (!status.ok()) break;
    }
    std::string all;
    std::string buffer(4096, '\0');
    for (;;) {
      auto read = stream->Read(buffer.data(), buffer.size(), absl::Seconds(15));
      absl::StatusOr<size_t> size = co_await std::move(read);
      if (!size.ok() || *size == 0) co_return all;
      all.append(buffer, 0, *size);
    }
  }

  TestCertificate files_;
  std::unique_ptr<net::TlsServerContext> tls_;
  std::unique_ptr<net::TlsClientContext> trust_;
  FakeDirectory directory_;
  FakeMailbox mailbox_;
  FakeRelay relay_;
  clients::Clients clients_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
  std::unique_ptr<Platform> platform_;
  std::unique_ptr<net::Listener> listener_;
};

TEST_F(Wire, OurClientMeetsOurServer) {
  smtp::ClientOptions options;
  options.helo = "laptop";
  options.tls = smtp::ClientTls::kRequired;
  options.login = {"", "bob@example.org", "secret"};
  mail::Envelope envelope;
  envelope.sender = *mail::ParseAddress("bob@example.org");
  mail::Recipient recipient;
  recipient.address = *mail::ParseAddress("x@remote.example");
  envelope.recipients.push_back(recipient);
  std::string content = "From: bob@example.org\r\n\r\n.dot\r\n";
  while (content.size() < 300'000) content += "..a line of a large message\r\n";
  smtp::RecipientResult result = Await(Send(options, envelope, content));
  EXPECT_TRUE(result.IsDelivered()) << result.reply.ToString();
  ASSERT_EQ(relay_.queued.size(), 1u);
  const std::string& stored = relay_.queued.begin()->second.content();
  EXPECT_EQ(stored.substr(stored.find("\r\n\r\n")), content.substr(content.find("\r\n\r\n")));
  EXPECT_TRUE(relay_.queued.begin()->second.origin().tls().starts_with("TLSv1.3 "));
}

// T1
TEST_F(Wire, InjectionBesideStartTlsIsNeverAnswered) {
  std::vector<std::string> one_segment{"EHLO a\r\n", "STARTTLS\r\nNOOP\r\n"};
  std::string output = Await(Talk(one_segment, absl::Milliseconds(20)));
  EXPECT_TRUE(output.ends_with("554 5.5.0 input before our reply\r\n")) << output;
  std::vector<std::string> later{"EHLO a\r\n", "STARTTLS\r\n", "NOOP\r\n"};
  output = Await(Talk(later, absl::Milliseconds(20)));
  size_t go = output.find("220 2.0.0 ready for TLS\r\n");
  ASSERT_NE(go, std::string::npos) << output;
  EXPECT_EQ(output.find("250", go), std::string::npos);
}

// K1
TEST_F(Wire, DrainSays421ToIdleSessions) {
  auto talk = Talk({"EHLO a\r\n"}, absl::Milliseconds(20));
  auto output = boost::asio::co_spawn(io_, std::move(talk), boost::asio::use_future);
  while (listener_->connections() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  listener_->BeginDrain();
  EXPECT_TRUE(output.get().ends_with("421 4.3.2 service is going down, try again\r\n"));
}

}  // namespace
}  // namespace pennypost::ingress
