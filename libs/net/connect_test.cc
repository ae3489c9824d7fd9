// Opening connections to our own parts by name.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "net/listener.h"
#include "net/tcp_stream.h"

namespace pennypost::net {
namespace {

using Opened = absl::StatusOr<std::unique_ptr<Stream>>;

Opened Open(boost::asio::io_context& io, const std::string& host, uint16_t port) {
  auto connect = ConnectHost(host, port, absl::Seconds(5));
  auto future = boost::asio::co_spawn(io, std::move(connect), boost::asio::use_future);
  io.restart();
  while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io.run_one();
  return future.get();
}

Awaitable<void> CloseAtOnce(std::shared_ptr<Stream> stream, Peer, const DrainSignal&) {
  co_await stream->Close();
}

TEST(ConnectHost, TakesNamesAndAddresses) {
  boost::asio::io_context io;
  Listener listener(io, {}, &CloseAtOnce);
  // On IPv4 alone: where localhost has an IPv6 address first, the second one is tried.
  ASSERT_TRUE(listener.Start("127.0.0.1:0").ok());
  for (const char* host : {"localhost", "127.0.0.1"}) {
    Opened opened = Open(io, host, listener.port());
    EXPECT_TRUE(opened.ok()) << host << ": " << Describe(opened.status());
  }
}

TEST(ConnectHost, SaysWhatIsWrong) {
  boost::asio::io_context io;
  // No name at all, so that no name server is asked.
  Opened opened = Open(io, "not..a.name", 1);
  ASSERT_EQ(opened.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(MessageOf(opened.status()).starts_with("not..a.name: "))
      << MessageOf(opened.status());

  uint16_t port = 0;
  {
    Listener gone(io, {}, &CloseAtOnce);
    ASSERT_TRUE(gone.Start("127.0.0.1:0").ok());
    port = gone.port();
  }
  EXPECT_EQ(Open(io, "localhost", port).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace pennypost::net
