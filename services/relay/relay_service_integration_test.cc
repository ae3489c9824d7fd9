// The whole queue on a real PostgreSQL: from Enqueue to a mailbox, to another server, and back as a
// report.

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>

#include <cstdlib>
#include <thread>

#include "relay_sql.h"
#include "rpc/controller.h"
#include "services/relay/core/dispatcher.h"
#include "services/relay/core/fake_smtp_server.h"
#include "services/relay/core/smtp_transport.h"
#include "services/relay/directory_client.h"
#include "services/relay/hints.h"
#include "services/relay/local_transport.h"
#include "services/relay/relay_service.h"
#include "services/relay/resolver_hosts.h"
#include "services/relay/store/pg_store.h"

namespace pennypost::relay {
namespace {

class FakeMailbox final : public mailbox::v1::MailboxService {
 public:
  void Deliver(google::protobuf::RpcController* controller,
               const mailbox::v1::DeliverRequest* request, mailbox::v1::DeliverResponse*,
               google::protobuf::Closure* done) override {
    std::lock_guard lock(mutex);
    if (down) return rpc::Finish(controller, done, UnavailableError("down"));
    if (request->recipients_size() > 1 || request->recipients(0).account_id() == 9) {
      return rpc::Finish(
          controller, done,
          MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota, "full"));
    }
    stored.push_back(*request);
    done->Run();
  }
  std::mutex mutex;
  std::vector<mailbox::v1::DeliverRequest> stored;
  bool down = false;
};

class FakeDirectory final : public directory::v1::DirectoryService {
 public:
  FakeDirectory()
      : key(*mailauth::DkimPrivateKey::Generate(mailauth::DkimAlgorithm::kEd25519Sha256)) {}
  void ResolveRecipient(google::protobuf::RpcController*,
                        const directory::v1::ResolveRecipientRequest* request,
                        directory::v1::ResolveRecipientResponse* response,
                        google::protobuf::Closure* done) override {
    response->set_kind(directory::v1::ResolveRecipientResponse::KIND_REMOTE_DOMAIN);
    if (DomainOf(request->address()) == "a.test") {
      response->set_kind(directory::v1::ResolveRecipientResponse::KIND_DELIVERABLE);
      response->add_targets()->set_account_id(1);
      response->mutable_targets(0)->set_address(request->address());
    }
    done->Run();
  }
  void GetSigningKeys(google::protobuf::RpcController*,
                      const directory::v1::GetSigningKeysRequest* request,
                      directory::v1::GetSigningKeysResponse* response,
                      google::protobuf::Closure* done) override {
    if (request->domain() == "a.test") {
      response->add_keys()->set_selector("s");
      response->mutable_keys(0)->set_private_key_pem(key.ToPem());
    }
    done->Run();
  }
  void Authorize(google::protobuf::RpcController* controller,
                 const directory::v1::AuthorizeRequest* request, directory::v1::AuthorizeResponse*,
                 google::protobuf::Closure* done) override {
    bool allowed = request->actor() == "root@a.test" && request->action() == "queue.change";
    rpc::Finish(controller, done, allowed ? absl::OkStatus() : PolicyError("no"));
  }
  mailauth::DkimPrivateKey key;
};

class RelayTest : public ::testing::Test, public TransportFactory {
 protected:
  RelayTest()
      : dsn_(Prepared()),
        store_(dsn_, 4),
        server_(io_),
        routes_(*RouteTable::Create(
            {{"b.test", "smtp", "127.0.0.1:" + std::to_string(server_.port()), "none", "", "", ""}},
            "hold", 25)),
        tls_(*net::TlsClientContext::Create("")) {
    smtp_.hostname = "relay.a.test";
    options_.owner = "w";
    options_.retry.waits = {absl::Milliseconds(50)};
    options_.retry.hostname = "relay.a.test";
    options_.poll = absl::Milliseconds(20);
  }
  ~RelayTest() override { Stop(); }

  static std::string Prepared() {
    std::string dsn = getenv("PENNYPOST_TEST_DSN");
    std::unique_ptr<pg::Connection> connection = *pg::Connection::Open(dsn);
    EXPECT_TRUE(pg::Migrate(*connection, "relay", sql::Migrations()).ok());
    EXPECT_TRUE(
        connection->Execute("TRUNCATE relay_messages, relay_deliveries, relay_events").ok());
    return dsn;
  }

  std::unique_ptr<Transport> Local() override {
    return std::make_unique<LocalTransport>(&mailbox_);
  }
  std::unique_ptr<Transport> Remote(const std::string& domain) override {
    return std::make_unique<SmtpTransport>(domain, routes_.For(domain), hosts_, *tls_, smtp_);
  }

  void Start() {
    dispatcher_ = std::make_unique<Dispatcher>(
        io_.get_executor(),
        DispatcherParts{store_, pool_, *this, resolver_, signer_, SystemClock()}, options_);
    dispatcher_->Start();
    if (!thread_.joinable()) thread_ = std::thread([this] { io_.run(); });
  }
  void Drain() {
    if (!dispatcher_) return;
    dispatcher_->BeginDrain();
    dispatcher_->FinishDrain(absl::Seconds(5));
    stopped_.push_back(std::move(dispatcher_));
  }
  void Stop() {
    Drain();
    work_.reset();
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  template <class Request, class Response>
  absl::Status Call(void (RelayService::*method)(RelayService::Controller*, const Request*,
                                                 Response*, RelayService::Done*),
                    const Request& request, Response& response) {
    rpc::Controller controller;
    std::promise<void> promise;
    auto set = [](std::promise<void>* p) { p->set_value(); };
    (service_.*method)(
        &controller, &request, &response,
        google::protobuf::NewCallback(static_cast<void (*)(std::promise<void>*)>(set), &promise));
    promise.get_future().get();
    return controller.status();
  }
  std::string Enqueue(std::vector<std::pair<std::string, int64_t>> recipients,
                      std::string sender = "joe@a.test") {
    v1::EnqueueRequest request;
    request.set_mail_id(NewUuidV7(absl::Now()).ToString());
    request.mutable_envelope()->set_sender(std::move(sender));
    request.mutable_origin()->set_auth_user("joe@a.test");
    request.set_content("From: joe@a.test\r\nSubject: hello\r\n\r\nbody\r\n");
    for (auto& [address, account] : recipients) {
      auto* recipient = request.add_recipients();
      recipient->set_address(address);
      recipient->set_account_id(account);
    }
    v1::EnqueueResponse response;
    EXPECT_TRUE(Call(&RelayService::Enqueue, request, response).ok());
    EXPECT_TRUE(Call(&RelayService::Enqueue, request, response).ok());  // a repeat changes nothing
    return request.mail_id();
  }
  std::string StateOf(const std::string& recipient) {
    v1::ListDeliveriesRequest request;
    request.mutable_filter()->set_recipient(recipient);
    v1::ListDeliveriesResponse response;
    EXPECT_TRUE(Call(&RelayService::ListDeliveries, request, response).ok());
    std::string states;
    for (const v1::Delivery& delivery : response.deliveries()) states += delivery.state() + " ";
    return states;
  }
  bool Becomes(const std::string& recipient, const std::string& states) {
    absl::Time deadline = absl::Now() + absl::Seconds(10);
    while (absl::Now() < deadline) {
      if (StateOf(recipient) == states) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    ADD_FAILURE() << recipient << ": " << StateOf(recipient);
    return false;
  }

  std::string dsn_;
  PgStore store_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  FakeSmtpServer server_;
  FakeMailbox mailbox_;
  FakeDirectory directory_;
  directory::v1::DirectoryService* directory_client_ = &directory_;
  resolver::v1::ResolverService* resolver_client_ = nullptr;
  RouteTable routes_;
  std::unique_ptr<net::TlsClientContext> tls_;
  SmtpTransportOptions smtp_;
  ResolverHosts hosts_{resolver_client_};
  rpc::WorkerPool pool_{2, 1000};
  rpc::WorkerPool call_pool_{2, 1000};
  DirectoryResolver resolver_{directory_client_};
  DirectorySigner signer_{directory_client_, pool_, SystemClock()};
  DispatcherOptions options_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::vector<std::unique_ptr<Dispatcher>> stopped_;
  RelayService service_{store_, call_pool_, SystemClock(),
                        [this] {
                          if (dispatcher_) dispatcher_->Wake();
                        },
                        directory_client_};
  std::thread thread_;
};

TEST_F(RelayTest, ToAMailboxAndToAnotherServer) {
  std::string id = Enqueue({{"ann@a.test", 1}, {"bob@b.test", 0}, {"cid@c.test", 0}});
  Start();
  EXPECT_TRUE(Becomes("ann@a.test", "delivered "));
  EXPECT_TRUE(Becomes("bob@b.test", "delivered "));
  EXPECT_TRUE(Becomes("cid@c.test", "held "));
  Stop();
  ASSERT_EQ(mailbox_.stored.size(), 1u);
  EXPECT_EQ(mailbox_.stored[0].mail_id(), id);
  EXPECT_TRUE(mailbox_.stored[0].content().starts_with(
      "Return-Path: <joe@a.test>\r\nDKIM-Signature: v=1;"));
  ASSERT_EQ(server_.mails.size(), 1u);
  EXPECT_TRUE(server_.mails[0].content.starts_with("DKIM-Signature: v=1; a=ed25519-sha256;"));
  v1::GetHistoryRequest request;
  request.set_mail_id(id);
  v1::GetHistoryResponse history;
  ASSERT_TRUE(Call(&RelayService::GetHistory, request, history).ok());
  EXPECT_EQ(history.events_size(), 6);
}

TEST_F(RelayTest, ARefusalComesBackAsAReport) {
  server_.rcpt_replies["bob@b.test"] = "550 5.1.1 no such user";
  Enqueue({{"bob@b.test", 0}});
  Start();
  EXPECT_TRUE(Becomes("bob@b.test", "bounced "));
  EXPECT_TRUE(Becomes("joe@a.test", "delivered "));
  Stop();
  ASSERT_EQ(mailbox_.stored.size(), 1u);
  EXPECT_EQ(mailbox_.stored[0].envelope().sender(), "");
  EXPECT_NE(mailbox_.stored[0].content().find("Diagnostic-Code: smtp; 550 5.1.1 no such user"),
            std::string::npos);
}

TEST_F(RelayTest, WhatFailsForNowIsTriedUntilItWorks) {
  server_.rcpt_replies["bob@b.test"] = "451 4.3.0 later";
  mailbox_.down = true;
  Enqueue({{"ann@a.test", 1}, {"bob@b.test", 0}});
  Start();
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_NE(StateOf("bob@b.test"), "bounced ");
  boost::asio::post(io_, [this] { server_.rcpt_replies.clear(); });
  {
    std::lock_guard lock(mailbox_.mutex);
    mailbox_.down = false;
  }
  EXPECT_TRUE(Becomes("bob@b.test", "delivered "));
  EXPECT_TRUE(Becomes("ann@a.test", "delivered "));
}

TEST_F(RelayTest, OneFullMailboxDoesNotKeepTheOthers) {
  Enqueue({{"ann@a.test", 1}, {"full@a.test", 9}, {"dan@a.test", 2}});
  Start();
  EXPECT_TRUE(Becomes("ann@a.test", "delivered "));
  EXPECT_TRUE(Becomes("dan@a.test", "delivered "));
  EXPECT_NE(StateOf("full@a.test"), "bounced ");
}

TEST_F(RelayTest, AnOperatorReleasesWhatIsHeld) {
  Enqueue({{"cid@c.test", 0}});
  Start();
  EXPECT_TRUE(Becomes("cid@c.test", "held "));
  v1::ChangeDeliveriesRequest change;
  v1::ChangeDeliveriesResponse changed;
  change.set_action(v1::ChangeDeliveriesRequest::ACTION_CANCEL);
  EXPECT_EQ(Call(&RelayService::ChangeDeliveries, change, changed).code(),
            absl::StatusCode::kInvalidArgument);
  change.mutable_filter()->set_recipient_domain("C.test");
  change.set_dry_run(true);
  ASSERT_TRUE(Call(&RelayService::ChangeDeliveries, change, changed).ok());
  EXPECT_EQ(changed.matched(), 1u);
  EXPECT_EQ(StateOf("cid@c.test"), "held ");
  change.set_dry_run(false);
  change.set_actor("bob@a.test");
  EXPECT_EQ(Call(&RelayService::ChangeDeliveries, change, changed).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(StateOf("cid@c.test"), "held ");
  change.set_actor("root@a.test");
  ASSERT_TRUE(Call(&RelayService::ChangeDeliveries, change, changed).ok());
  EXPECT_EQ(StateOf("cid@c.test"), "cancelled ");
  v1::GetQueueStatsResponse stats;
  ASSERT_TRUE(Call(&RelayService::GetQueueStats, v1::GetQueueStatsRequest(), stats).ok());
  EXPECT_EQ(stats.queued() + stats.leased() + stats.held(), 0u);
}

TEST_F(RelayTest, TwoWorkersDeliverEachMessageOnce) {
  for (int i = 0; i < 100; ++i) Enqueue({{"bob@b.test", 0}}, "");
  Start();
  std::unique_ptr<Dispatcher> first = std::move(dispatcher_);
  options_.owner = "second";
  Start();
  absl::Time deadline = absl::Now() + absl::Seconds(20);
  v1::GetQueueStatsResponse stats;
  do {
    ASSERT_TRUE(Call(&RelayService::GetQueueStats, v1::GetQueueStatsRequest(), stats).ok());
  } while (stats.queued() + stats.leased() > 0 && absl::Now() < deadline);
  first->BeginDrain();
  first->FinishDrain(absl::Seconds(5));
  stopped_.push_back(std::move(first));
  Stop();
  EXPECT_EQ(server_.mails.size(), 100u);
}

TEST_F(RelayTest, BadRequestsAreRefused) {
  v1::EnqueueRequest request;
  v1::EnqueueResponse response;
  EXPECT_EQ(Call(&RelayService::Enqueue, request, response).code(),
            absl::StatusCode::kInvalidArgument);
  request.set_mail_id(NewUuidV7(absl::Now()).ToString());
  request.set_content("x");
  EXPECT_EQ(Call(&RelayService::Enqueue, request, response).code(),
            absl::StatusCode::kInvalidArgument);
  v1::ListDeliveriesRequest list;
  v1::ListDeliveriesResponse listed;
  list.set_page_token("nonsense");
  EXPECT_EQ(Call(&RelayService::ListDeliveries, list, listed).code(),
            absl::StatusCode::kInvalidArgument);
  list.clear_page_token();
  list.mutable_filter()->set_state("lost");
  EXPECT_EQ(Call(&RelayService::ListDeliveries, list, listed).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Hints, WakeTheOthers) {
  boost::asio::io_context io;
  int hints = 0;
  Hints listener(io, getenv("PENNYPOST_TEST_REDIS"), "", [&hints] { ++hints; });
  Hints sender(io, getenv("PENNYPOST_TEST_REDIS"), "", [] {});
  listener.Start();
  io.run_for(std::chrono::milliseconds(100));
  sender.Push();
  io.run_for(std::chrono::milliseconds(500));
  EXPECT_EQ(hints, 1);
  listener.Stop();
}

}  // namespace
}  // namespace pennypost::relay
