#include "net/listener.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "net/stream.h"

namespace pennypost::net {
namespace {

// Sessions that wait for their clients, who say nothing.
class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() : listener_(io_, Limits(), &Wait) {
    EXPECT_TRUE(listener_.Start("127.0.0.1:0").ok());
    thread_ = std::thread([this] { io_.run(); });
  }
  ~ListenerTest() override {
    for (int client : clients_) close(client);
    work_.reset();
    io_.stop();
    thread_.join();
  }

  static ListenerLimits Limits() {
    ListenerLimits limits;
    limits.max_per_address = 1000;
    return limits;
  }
  static Awaitable<void> Wait(std::shared_ptr<Stream> stream, Peer, const DrainSignal& drain) {
    char byte = 0;
    while (!drain.draining()) {
      auto read = co_await stream->Read(&byte, 1, absl::Minutes(5));
      if (!read.ok() && !drain.draining()) co_return;
    }
  }

  void Connect(int count) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(listener_.port());
    for (int i = 0; i < count; ++i) {
      int client = socket(AF_INET, SOCK_STREAM, 0);
      ASSERT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
      clients_.push_back(client);
    }
    while (listener_.connections() < static_cast<uint32_t>(count)) std::this_thread::yield();
  }

  boost::asio::io_context io_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_{
      io_.get_executor()};
  Listener listener_;
  std::thread thread_;
  std::vector<int> clients_;
};

TEST_F(ListenerTest, AllSessionsHearAtOnce) {
  Connect(20);
  listener_.BeginDrain();
  listener_.FinishDrain(absl::Seconds(60));
  EXPECT_EQ(listener_.connections(), 0u);
}

// One in each of 600 steps: when the first is gone, most are still there.
TEST_F(ListenerTest, SomeAtATimeWhereThereIsTime) {
  Connect(60);
  listener_.BeginDrain(absl::Seconds(60));
  while (listener_.connections() == 60) std::this_thread::yield();
  EXPECT_GT(listener_.connections(), 1u);
  listener_.FinishDrain(absl::Seconds(60));
  EXPECT_EQ(listener_.connections(), 0u);
}

}  // namespace
}  // namespace pennypost::net
