#include "services/relay/core/smtp_transport.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "services/relay/core/fake_smtp_server.h"

namespace pennypost::relay {
namespace {

using Kind = DeliveryResult::Kind;

class FakeHosts final : public HostFinder {
 public:
  net::Awaitable<MailHosts> ForDomain(std::string) override { co_return hosts; }
  net::Awaitable<MailHosts> ForHost(std::string name) override {
    MailHosts found;
    found.status = HostStatus::kFound;
    found.hosts.push_back({name, 0, {name}, false});
    co_return found;
  }
  MailHosts hosts;
};

class SmtpTransportTest : public ::testing::Test {
 protected:
  SmtpTransportTest() : server_(io_), tls_(*net::TlsClientContext::Create("")) {
    options_.hostname = "relay.a.test";
    options_.allow_private = true;
    route_.kind = Route::Kind::kSmtp;
    route_.host = "127.0.0.1";
    route_.port = server_.port();
    message_.mail_id = NewUuidV7(absl::Now());
    message_.sender = "joe@a.test";
    message_.envelope_id = "id=1";
    To({"bob@b.test"});
    hosts_.hosts.status = HostStatus::kFound;
  }
  void To(const std::vector<std::string>& addresses) {
    deliveries_.clear();
    for (const std::string& address : addresses) {
      deliveries_.emplace_back();
      deliveries_.back().recipient.address = address;
    }
  }
  template <class T>
  T Run(net::Awaitable<T> work) {
    auto future = boost::asio::co_spawn(io_, std::move(work), boost::asio::use_future);
    io_.restart();
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      io_.run_one_for(std::chrono::seconds(10));
    }
    return future.get();
  }
  std::vector<DeliveryResult> Deliver(SmtpTransport& transport) {
    Attempt attempt{&message_, content_, &deliveries_, [this] { return mine_; }};
    return Run(transport.Deliver(attempt));
  }
  DeliveryResult DeliverOne() {
    SmtpTransport transport("b.test", route_, hosts_, *tls_, options_);
    std::vector<DeliveryResult> results = Deliver(transport);
    Run(Closed(transport));
    return results[0];
  }
  static net::Awaitable<bool> Closed(SmtpTransport& transport) {
    auto close = transport.Close();
    co_await std::move(close);
    co_return true;
  }

  boost::asio::io_context io_;
  FakeSmtpServer server_;
  FakeHosts hosts_;
  std::unique_ptr<net::TlsClientContext> tls_;
  SmtpTransportOptions options_;
  Route route_;
  Message message_;
  std::string content_ = "Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n";
  std::vector<Delivery> deliveries_;
  bool mine_ = true;
};

TEST_F(SmtpTransportTest, DeliversByteForByte) {
  deliveries_[0].recipient.notify.success = true;
  deliveries_[0].recipient.original = "rfc822;bob@b.test";
  DeliveryResult result = DeliverOne();
  EXPECT_EQ(result.kind, Kind::kDelivered) << result.reply.ToString();
  EXPECT_TRUE(result.dsn_passed_on);
  ASSERT_EQ(server_.mails.size(), 1u);
  EXPECT_EQ(server_.mails[0].content, content_);
  EXPECT_NE(server_.mails[0].from.find("MAIL FROM:<joe@a.test>"), std::string::npos);
  EXPECT_NE(server_.mails[0].from.find("ENVID=id+3D1"), std::string::npos) << server_.mails[0].from;
  EXPECT_NE(server_.mails[0].to[0].find("NOTIFY=SUCCESS ORCPT=rfc822;bob@b.test"),
            std::string::npos)
      << server_.mails[0].to[0];
}

TEST_F(SmtpTransportTest, EachRecipientHasHisOwnResult) {
  To({"ok@b.test", "no@b.test", "later@b.test"});
  server_.rcpt_replies = {{"no@b.test", "550 5.1.1 no such user"},
                          {"later@b.test", "451 4.2.1 later"}};
  SmtpTransport transport("b.test", route_, hosts_, *tls_, options_);
  std::vector<DeliveryResult> results = Deliver(transport);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].kind, Kind::kDelivered);
  EXPECT_EQ(results[1].kind, Kind::kFailed);
  EXPECT_EQ(results[1].reply.enhanced, "5.1.1");
  EXPECT_EQ(results[1].remote_mta, "127.0.0.1");
  EXPECT_EQ(results[2].kind, Kind::kDeferred);
}

TEST_F(SmtpTransportTest, AConnectionIsKeptAndReplacedWhenItIsGone) {
  SmtpTransport transport("b.test", route_, hosts_, *tls_, options_);
  server_.cut_after = 2;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Deliver(transport)[0].kind, Kind::kDelivered) << i;
  EXPECT_EQ(server_.mails.size(), 3u);
  EXPECT_EQ(server_.connections, 2);
}

TEST_F(SmtpTransportTest, TheNextHostIsTried) {
  route_.kind = Route::Kind::kMx;
  hosts_.hosts.hosts = {{"dead.b.test", 10, {"127.0.0.2"}, false},
                        {"live.b.test", 20, {"127.0.0.1"}, false}};
  DeliveryResult result = DeliverOne();
  EXPECT_EQ(result.kind, Kind::kDelivered);
  EXPECT_EQ(result.remote_mta, "live.b.test");
}

TEST_F(SmtpTransportTest, AGreetingRefusesTheHostNotTheMessage) {
  server_.greeting = "554 5.7.1 go away";
  EXPECT_EQ(DeliverOne().kind, Kind::kDeferred);
  server_.greeting = "521 takes no mail";
  EXPECT_EQ(DeliverOne().kind, Kind::kFailed);
}

TEST_F(SmtpTransportTest, AnUnknownOutcomeIsTriedAgain) {
  server_.end_reply = "";
  DeliveryResult result = DeliverOne();
  EXPECT_EQ(result.kind, Kind::kDeferred);
  EXPECT_EQ(server_.connections, 1);  // not at once: that would be a second copy for certain
}

// ROBUSTNESS 2.4
TEST_F(SmtpTransportTest, ALostLeaseEndsBeforeTheDot) {
  mine_ = false;
  EXPECT_EQ(DeliverOne().kind, Kind::kLost);
  EXPECT_TRUE(server_.mails.empty());
}

TEST_F(SmtpTransportTest, RequiredTlsIsRequired) {
  route_.tls = Route::Tls::kRequired;
  DeliveryResult result = DeliverOne();
  EXPECT_EQ(result.kind, Kind::kDeferred);
  EXPECT_EQ(result.reply.enhanced, "4.7.5");
  EXPECT_TRUE(server_.mails.empty());
}

TEST_F(SmtpTransportTest, HeldWithoutAskingAnybody) {
  route_.kind = Route::Kind::kHold;
  route_.reason = "not yet";
  DeliveryResult result = DeliverOne();
  EXPECT_EQ(result.kind, Kind::kHold);
  EXPECT_EQ(result.reply.text, "not yet");
  EXPECT_EQ(server_.connections, 0);
}

DeliveryResult ProblemFor(MailHosts hosts, TargetOptions options = {"relay.a.test"}) {
  Targets targets = ChooseTargets({}, hosts, options);
  EXPECT_TRUE(targets.list.empty());
  return targets.problem;
}

MailHosts Status(HostStatus status) {
  return {status, {}, ""};
}
MailHosts One(std::string name, std::string address) {
  return {HostStatus::kFound, {{std::move(name), 10, {std::move(address)}, false}}, ""};
}

// ROBUSTNESS N3, N4, S17
TEST(Targets, WhyThereAreNone) {
  EXPECT_EQ(ProblemFor(Status(HostStatus::kNoDomain)).reply.enhanced, "5.1.2");
  EXPECT_EQ(ProblemFor(Status(HostStatus::kNullMx)).reply.ToString().substr(0, 10), "556 5.1.10");
  EXPECT_EQ(ProblemFor(Status(HostStatus::kNoHost)).kind, Kind::kFailed);
  DeliveryResult trouble = ProblemFor(Status(HostStatus::kTemporary));
  EXPECT_EQ(trouble.kind, Kind::kDeferred);
  EXPECT_EQ(trouble.reply.enhanced, "4.4.3");
  for (const char* address :
       {"127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a00:1", "192.168.1.1"}) {
    EXPECT_EQ(ProblemFor(One("mx.b.test", address)).reply.enhanced, "5.4.6") << address;
  }
  EXPECT_EQ(ProblemFor(One("Relay.A.test", "203.0.113.1")).reply.enhanced, "5.4.6");
  MailHosts half{HostStatus::kFound, {{"mx.b.test", 10, {}, true}}, ""};
  EXPECT_EQ(ProblemFor(half).kind, Kind::kDeferred);
}

TEST(Targets, MorePreferredHostsThanOurselves) {
  MailHosts hosts{HostStatus::kFound,
                  {{"first.b.test", 5, {"203.0.113.1"}, false},
                   {"relay.a.test", 10, {"203.0.113.2"}, false},
                   {"last.b.test", 20, {"203.0.113.3"}, false}},
                  ""};
  Targets targets = ChooseTargets({}, hosts, {"relay.a.test"});
  ASSERT_EQ(targets.list.size(), 1u);
  EXPECT_EQ(targets.list[0].host, "first.b.test");
  Route own;
  own.kind = Route::Kind::kSmtp;
  EXPECT_EQ(ChooseTargets(own, One("10.0.0.1", "10.0.0.1"), {"relay.a.test"}).list.size(), 1u);
}

}  // namespace
}  // namespace pennypost::relay
