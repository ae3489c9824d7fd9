#pragma once
// For tests of the IMAP driver and its handlers: a stream in memory and a store in memory.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "net/memory_stream.h"
#include "services/access/fake_directory.h"
#include "services/access/fake_mailbox.h"
#include "services/access/imap/connection.h"

namespace pennypost::access {

class ImapConnectionTest : public ::testing::Test {
 protected:
  ImapConnectionTest() {
    clients_.mailbox = &mailbox_;
    clients_.directory = &directory_;
    options_.host = "imap.example";
    options_.views = &views_;
    options_.bodies = &bodies_;
  }

  // What the server says to these pieces of input.
  std::string Talk(std::deque<std::string> pieces, int fail_at = -1) {
    auto stream = std::make_shared<net::MemoryStream>(std::move(pieces));
    if (fail_at >= 0) stream->FailAt(fail_at);
    ImapConnection connection(clients_, options_, stream, net::Peer{}, drain_);
    boost::asio::io_context io;
    boost::asio::co_spawn(io, connection.Run(), boost::asio::detached);
    io.run();
    operations_ = stream->operations();
    return stream->written();
  }

  // The same behind a login, without the greeting and the answer to LOGIN.
  std::string Logged(const std::string& input) {
    std::string out = Talk({"x LOGIN ann secret\r\n" + input});
    size_t end = out.find("Logged in\r\n");
    EXPECT_NE(end, std::string::npos) << out;
    return end == std::string::npos ? out : out.substr(end + 11);
  }

  // And behind SELECT.
  std::string Selected(const std::string& input) {
    std::string out = Logged("y SELECT INBOX\r\n" + input);
    size_t end = out.find("] Selected\r\n");
    EXPECT_NE(end, std::string::npos) << out;
    return end == std::string::npos ? out : out.substr(end + 12);
  }

  FakeMailbox mailbox_;
  FakeDirectory directory_;
  clients::Clients clients_;
  ViewCache views_{1 << 20};
  BodyBudget bodies_{64 << 20, 35 << 20};
  ConnectionOptions options_;
  net::DrainSignal drain_;
  int operations_ = 0;
};

inline constexpr const char kMail[] = "From: a@b\r\nSubject: hi\r\n\r\nbody\r\n";

}  // namespace pennypost::access
