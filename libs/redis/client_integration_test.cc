#include "redis/client.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cstdlib>

#include "net/listener.h"

namespace pennypost::redis {
namespace {

absl::StatusOr<Reply> Ask(boost::asio::io_context& io, Client& client,
                          std::vector<std::string> arguments) {
  auto command = client.Command(std::move(arguments), absl::Seconds(2));
  auto future = boost::asio::co_spawn(io, std::move(command), boost::asio::use_future);
  io.restart();
  while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io.run_one();
  return future.get();
}

TEST(Redis, CommandsAndErrors) {
  boost::asio::io_context io;
  Client client(io, getenv("PENNYPOST_TEST_REDIS"), "");
  auto set = Ask(io, client, {"SET", "k", std::string("a\r\nb\0c", 6)});
  ASSERT_TRUE(set.ok()) << Describe(set.status());
  EXPECT_EQ(Ask(io, client, {"GET", "k"})->text, std::string("a\r\nb\0c", 6));
  EXPECT_EQ(Ask(io, client, {"INCRBY", "n", "7"})->integer, 7);
  EXPECT_EQ(Ask(io, client, {"GET", "none"})->kind, Reply::Kind::kNil);
  EXPECT_EQ(Ask(io, client, {"MGET", "k", "n"})->items[1].text, "7");
  EXPECT_EQ(Ask(io, client, {"NONSENSE"}).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Ask(io, client, {"INCRBY", "n", "1"})->integer, 8);
}

TEST(Redis, AwayIsUnavailableAtOnce) {
  boost::asio::io_context io;
  Client client(io, "unix:/nonexistent/redis.sock", "");
  EXPECT_EQ(Ask(io, client, {"PING"}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Ask(io, client, {"PING"}).status().code(), absl::StatusCode::kUnavailable);
  Client none(io, "", "");
  EXPECT_FALSE(none.configured());
  EXPECT_EQ(Ask(io, none, {"PING"}).status().code(), absl::StatusCode::kUnavailable);
}

net::Awaitable<void> AnswerPong(std::shared_ptr<net::Stream> stream, net::Peer,
                                const net::DrainSignal&) {
  char request[64];
  auto n = co_await stream->Read(request, sizeof request, absl::Seconds(5));
  if (!n.ok()) co_return;
  absl::Status sent = co_await stream->Write("+PONG\r\n", absl::Seconds(5));
  if (sent.ok()) co_await stream->Close();
}

TEST(Redis, ByHostName) {
  boost::asio::io_context io;
  net::Listener server(io, {}, &AnswerPong);
  ASSERT_TRUE(server.Start("127.0.0.1:0").ok());
  Client client(io, fmt::format("localhost:{}", server.port()), "");
  auto answer = Ask(io, client, {"PING"});
  ASSERT_TRUE(answer.ok()) << Describe(answer.status());
  EXPECT_EQ(answer->text, "PONG");
  Client nowhere(io, "no port", "");
  EXPECT_EQ(Ask(io, nowhere, {"PING"}).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace pennypost::redis
