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

TEST(Rpc, OverAUnixSocket) {
  FakeHealth health;
  Server server;
  server.Add(&health);
  std::string endpoint = "unix:/tmp/pp-rpc-test-" + std::to_string(getpid());
  ASSERT_TRUE(server.Start(endpoint, {}).ok());
  auto channel = Connect(endpoint, {});
  ASSERT_TRUE(channel.ok());
  Health::Stub stub(channel->get());
  ExpectHealthWorks(stub);
  server.Stop(absl::Now() + absl::Seconds(1));
  auto gone = Ask(stub, "");
  EXPECT_EQ(gone.status().code(), absl::StatusCode::kUnavailable) << Describe(gone.status());
}

TEST(Rpc, TcpNeedsCertificates) {
  EXPECT_FALSE(Connect("127.0.0.1:1", {}).ok());
  Server server;
  EXPECT_FALSE(server.Start("127.0.0.1:0", {}).ok());
}

}  // namespace
}  // namespace pennypost::rpc
