#include "net/deflate_stream.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "net/memory_stream.h"

namespace pennypost::net {
namespace {

constexpr absl::Duration kTime = absl::Seconds(5);

// All that comes out of reads of `size` bytes, and how they ended.
Awaitable<void> ReadAll(Stream& stream, size_t size, std::string& out, absl::Status& end) {
  std::string buffer(size, '\0');
  for (;;) {
    auto got = co_await stream.Read(buffer.data(), buffer.size(), kTime);
    end = got.status();
    if (!got.ok() || *got == 0) co_return;
    out.append(buffer, 0, *got);
  }
}

Awaitable<void> WriteAll(Stream& stream, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    absl::Status written = co_await stream.Write(text, kTime);
    EXPECT_TRUE(written.ok());
  }
}

std::string Compressed(const std::vector<std::string>& texts) {
  auto memory = std::make_shared<MemoryStream>(std::deque<std::string>{});
  DeflateStream stream(memory);
  boost::asio::io_context io;
  boost::asio::co_spawn(io, WriteAll(stream, texts), boost::asio::detached);
  io.run();
  return memory->written();
}

std::string Inflated(std::deque<std::string> pieces, size_t size, absl::Status* end = nullptr) {
  auto memory = std::make_shared<MemoryStream>(std::move(pieces));
  DeflateStream stream(memory);
  std::string out;
  absl::Status status;
  boost::asio::io_context io;
  boost::asio::co_spawn(io, ReadAll(stream, size, out, status), boost::asio::detached);
  io.run();
  if (end) *end = status;
  return out;
}

TEST(DeflateStream, WhatGoesInComesOut) {
  std::string large;
  for (int i = 0; i < 40'000; ++i) large += "line " + std::to_string(i * 7919) + "\r\n";
  std::string bytes = Compressed({"a NOOP\r\n", large, "x"});
  EXPECT_LT(bytes.size(), large.size() / 2);
  std::string expected = "a NOOP\r\n" + large + "x";
  EXPECT_EQ(Inflated({bytes}, 4096), expected);
  EXPECT_EQ(Inflated({bytes}, 1), expected) << "small buffers";
  std::deque<std::string> single;
  for (char c : bytes) single.push_back(std::string(1, c));
  EXPECT_EQ(Inflated(single, 4096), expected) << "byte by byte";
}

// Each write is there for the peer at once.
TEST(DeflateStream, WritesAreFlushed) {
  std::string first = Compressed({"a NOOP\r\n"});
  EXPECT_EQ(Inflated({first}, 100), "a NOOP\r\n");
}

TEST(DeflateStream, NoDeflateIsAnError) {
  absl::Status end;
  EXPECT_EQ(Inflated({"a NOOP\r\n and more of that"}, 100, &end), "");
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable);
}

// A bomb is read buffer by buffer.
TEST(DeflateStream, BombsComeInSmallPieces) {
  std::string zeros(8 << 20, '\0');
  std::string bomb = Compressed({zeros});
  EXPECT_LT(bomb.size(), zeros.size() / 200);
  EXPECT_EQ(Inflated({bomb}, 4096).size(), zeros.size());
}

}  // namespace
}  // namespace pennypost::net
