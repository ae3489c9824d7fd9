// A generated service called in the process, over a unix socket and with errors; the caller cannot
// tell which.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <unistd.h>

#include "pennypost/health/v1/health.pb.h"
#include "rpc/call.h"
#include "rpc/channel.h"
#include "rpc/server.h"
#include "rpc/timestamp.h"
#include "rpc/worker_pool.h"

namespace pennypost::rpc {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class FakeHealth : public Health {
 public:
  void Check(google::protobuf::RpcController* controller, const HealthCheckRequest* request,
             HealthCheckResponse* response, google::protobuf::Closure* done) override {
    pool_.Run(controller, done, [request, response]() -> absl::Status {
      if (request->service() == "full") {
        return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
                         "mailbox is full");
      }
      response->set_status(HealthCheckResponse::SERVING);
      return absl::OkStatus();
    });
  }

 private:
  WorkerPool pool_{1, 10};
};

absl::StatusOr<HealthCheckResponse> Ask(Health& health, const std::string& service) {
  boost::asio::io_context io;
  HealthCheckRequest request;
  request.set_service(service);
  auto call = Call(health, &Health::Check, request, absl::Seconds(5));
  auto result = boost::asio::co_spawn(io, std::move(call), boost::asio::use_future);
  io.run();
  return result.get();
}

void ExpectHealthWorks(Health& health) {
  auto ok = Ask(health, "");
  ASSERT_TRUE(ok.ok()) << Describe(ok.status());
  EXPECT_EQ(ok->status(), HealthCheckResponse::SERVING);
  auto full = Ask(health, "full");
  EXPECT_EQ(full.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(full.status()), Reason::kOverQuota);
  EXPECT_EQ(MessageOf(full.status()), "mailbox is full");
}

TEST(Rpc, InProcess) {
  FakeHealth health;
  ExpectHealthWorks(health);
}

// Answers before its method returns, as a service with the answer at hand does.
class ReadyHealth : public Health {
 public:
  void Check(google::protobuf::RpcController*, const HealthCheckRequest*,
             HealthCheckResponse* response, google::protobuf::Closure* done) override {
    response->set_status(HealthCheckResponse::SERVING);
    done->Run();
  }
};

net::Awaitable<int> AskOften(Health& health, int times) {
  int good = 0;
  for (int i = 0; i < times; ++i) {
    auto call = Call(health, &Health::Check, HealthCheckRequest(), absl::Seconds(5));
    absl::StatusOr<HealthCheckResponse> answer = co_await std::move(call);
    good += answer.ok() ? 1 : 0;
  }
  co_return good;
}

TEST(Rpc, AnAnswerAtOnceNeitherWaitsNorGrowsTheStack) {
  constexpr int kTimes = 100'000;
  ReadyHealth health;
  boost::asio::io_context io;
  auto result = boost::asio::co_spawn(io, AskOften(health, kTimes), boost::asio::use_future);
  // A few steps start and end the coroutine; calls that went through the queue would add theirs.
  EXPECT_LT(io.run(), 10u);
  EXPECT_EQ(result.get(), kTimes);
}

// The service ends the call while the caller is about to wait, on either side of that moment.
TEST(Rpc, AnAnswerOfAnotherThreadIsNeverMissed) {
  FakeHealth health;
  boost::asio::io_context io;
  auto result = boost::asio::co_spawn(io, AskOften(health, 20'000), boost::asio::use_future);
  io.run();
  EXPECT_EQ(result.get(), 20'000);
}

// Nobody is there for the answer any more: the coroutine is gone with its executor.
TEST(Rpc, AnAnswerMayComeTooLate) {
  struct Late : Health {
    void Check(google::protobuf::RpcController*, const HealthCheckRequest*, HealthCheckResponse*,
               google::protobuf::Closure* done) override {
      open = done;
    }
    google::protobuf::Closure* open = nullptr;
  } health;
  auto io = std::make_unique<boost::asio::io_context>();
  boost::asio::co_spawn(*io, AskOften(health, 1), boost::asio::use_future);
  io->poll();
  ASSERT_NE(health.open, nullptr);
  io->stop();
  health.open->Run();
  io.reset();
}

TEST(Rpc, OverAUnixSocket) {
  FakeHealth health;
  Loop loop;
  Server server(loop);
  server.Add(&health);
  std::string endpoint = "unix:/tmp/pp-rpc-test-" + std::to_string(getpid());
  ASSERT_TRUE(server.Start(endpoint, {}).ok());
  auto channel = Connect("health", endpoint, {}, loop);
  ASSERT_TRUE(channel.ok());
  Health::Stub stub(channel->get());
  ExpectHealthWorks(stub);
  server.Stop(absl::Now() + absl::Seconds(1));
  auto gone = Ask(stub, "");
  EXPECT_EQ(gone.status().code(), absl::StatusCode::kUnavailable) << Describe(gone.status());
}

TEST(Timestamp, GoesThereAndBack) {
  for (double seconds : {0.0, 1.5, -0.25, -1.0, 1'700'000'000.125, -2'000'000'000.5}) {
    absl::Time time = absl::UnixEpoch() + absl::Seconds(seconds);
    google::protobuf::Timestamp stamp;
    SetTime(time, &stamp);
    EXPECT_GE(stamp.nanos(), 0) << seconds;
    EXPECT_LT(stamp.nanos(), 1'000'000'000) << seconds;
    EXPECT_EQ(TimeOf(stamp), time) << seconds;
  }
}

TEST(Rpc, TcpNeedsCertificates) {
  Loop loop;
  EXPECT_FALSE(Connect("health", "127.0.0.1:1", {}, loop).ok());
  Server server(loop);
  EXPECT_FALSE(server.Start("127.0.0.1:0", {}).ok());
}

}  // namespace
}  // namespace pennypost::rpc
