#include "runtime/healthcheck.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>

#include "runtime/admin.h"

namespace pennypost::runtime {
namespace {

class FakeService : public Component {
 public:
  std::string_view name() const override { return "store"; }
  absl::Status Start() override { return absl::OkStatus(); }
  absl::Status Ready() override {
    return away ? UnavailableError("the database is not reachable") : absl::OkStatus();
  }

  std::atomic<bool> away{false};
};

// A health port on a thread of its own.
class HealthCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    auto service = std::make_unique<FakeService>();
    service_ = service.get();
    services_.push_back(std::move(service));
    ASSERT_TRUE(admin_.Listen("127.0.0.1:0").ok());
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    io_.stop();
    thread_.join();
  }

  absl::StatusOr<std::string> Ask(const std::string& host = "127.0.0.1") {
    return AskReady(fmt::format("{}:{}", host, admin_.port()), absl::Seconds(5));
  }

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(io_);
  std::vector<std::unique_ptr<Component>> services_;
  FakeService* service_ = nullptr;
  Admin admin_{io_, "test", nullptr};
  std::thread thread_;
};

TEST_F(HealthCheckTest, FollowsReadyz) {
  EXPECT_EQ(MessageOf(Ask().status()), "starting");
  admin_.SetServices(&services_);
  ASSERT_TRUE(Ask().ok()) << Describe(Ask().status());
  EXPECT_EQ(*Ask(), "store ready");
  service_->away = true;
  EXPECT_NE(MessageOf(Ask().status()).find("the database is not reachable"), std::string::npos)
      << MessageOf(Ask().status());
  service_->away = false;
  EXPECT_TRUE(Ask().ok());
  admin_.SetDraining();
  EXPECT_EQ(MessageOf(Ask().status()), "draining\nstore ready");
}

TEST_F(HealthCheckTest, AListenerOnEveryAddressIsAskedOverLoopback) {
  admin_.SetServices(&services_);
  EXPECT_TRUE(Ask("0.0.0.0").ok());
}

TEST_F(HealthCheckTest, NobodyThere) {
  uint16_t port = 0;
  {
    boost::asio::io_context io;
    Admin gone(io, "gone", nullptr);
    ASSERT_TRUE(gone.Listen("127.0.0.1:0").ok());
    port = gone.port();
  }
  std::string address = fmt::format("127.0.0.1:{}", port);
  absl::Status refused = AskReady(address, absl::Seconds(5)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(MessageOf(refused).starts_with(address + ": ")) << MessageOf(refused);
  EXPECT_EQ(MessageOf(AskReady("off", absl::Seconds(1)).status()),
            "common.admin names no health port to ask");
  EXPECT_EQ(MessageOf(AskReady("nonsense", absl::Seconds(1)).status()),
            "'nonsense' is not HOST:PORT");
}

// Something else on that port must not look healthy.
TEST(HealthCheck, AnotherProgramOnThePort) {
  boost::asio::io_context io;
  net::Listener listener(io, {},
                         [](std::shared_ptr<net::Stream> stream, net::Peer,
                            const net::DrainSignal&) -> net::Awaitable<void> {
                           absl::Status sent =
                               co_await stream->Write("220 mail ESMTP\r\n", absl::Seconds(5));
                           EXPECT_TRUE(sent.ok());
                           co_await stream->Close();
                         });
  ASSERT_TRUE(listener.Start("127.0.0.1:0").ok());
  std::thread thread([&io] { io.run(); });
  absl::Status status =
      AskReady(fmt::format("127.0.0.1:{}", listener.port()), absl::Seconds(5)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(MessageOf(status).find("not the answer of a health port"), std::string::npos)
      << MessageOf(status);
  io.stop();
  thread.join();
}

}  // namespace
}  // namespace pennypost::runtime
