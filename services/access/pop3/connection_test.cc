// The POP3 driver over a stream in memory and a store in memory.

#include "services/access/pop3/connection.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "net/memory_stream.h"
#include "services/access/fake_directory.h"
#include "services/access/fake_mailbox.h"

namespace pennypost::access {
namespace {

class Pop3ConnectionTest : public ::testing::Test {
 protected:
  Pop3ConnectionTest() {
    clients_.mailbox = &mailbox_;
    clients_.directory = &directory_;
    options_.host = "pop.example";
    mailbox_.Deliver("INBOX", "A: b\r\n\r\n.one\r\n");
    mailbox_.Deliver("INBOX", "C: d\r\n\r\ntwo\r\n");
  }

  std::string Talk(const std::string& input, int fail_at = -1) {
    auto stream = std::make_shared<net::MemoryStream>(std::deque<std::string>{input});
    if (fail_at >= 0) stream->FailAt(fail_at);
    Pop3Connection connection(clients_, options_, stream, net::Peer{}, drain_);
    boost::asio::io_context io;
    boost::asio::co_spawn(io, connection.Run(), boost::asio::detached);
    io.run();
    operations_ = stream->operations();
    return stream->written();
  }

  FakeMailbox mailbox_;
  FakeDirectory directory_;
  clients::Clients clients_;
  Pop3Options options_;
  net::DrainSignal drain_;
  int operations_ = 0;
};

TEST_F(Pop3ConnectionTest, ReadsAndDeletes) {
  EXPECT_EQ(
      Talk("USER ann\r\nPASS secret\r\nSTAT\r\nUIDL\r\nRETR 1\r\nTOP 2 0\r\nDELE 1\r\nQUIT\r\n"),
      "+OK pop.example ready\r\n+OK\r\n+OK Logged in, 2 messages\r\n+OK 2 27\r\n"
      "+OK\r\n1 0000000700000001\r\n2 0000000700000002\r\n.\r\n"
      "+OK 14 octets\r\nA: b\r\n\r\n..one\r\n.\r\n+OK\r\nC: d\r\n\r\n.\r\n+OK Marked\r\n+OK "
      "Bye\r\n");
  EXPECT_EQ(mailbox_.Find("INBOX")->messages.size(), 1u);
}

// RFC 1939 4, RFC 2449 8.1.2
TEST_F(Pop3ConnectionTest, OneSessionAnAccount) {
  mailbox_.HoldMaildrop("another");
  EXPECT_EQ(Talk("USER ann\r\nPASS secret\r\nSTAT\r\n"),
            "+OK pop.example ready\r\n+OK\r\n-ERR [IN-USE] Maildrop is in use\r\n-ERR Not now\r\n");
  EXPECT_EQ(mailbox_.maildrop_holder(), "another");
  mailbox_.HoldMaildrop("");
  for (int i = 0; i < 3; ++i)
    EXPECT_NE(Talk("USER ann\r\nPASS secret\r\nNOOP\r\n").find("Logged in"), std::string::npos);
  EXPECT_EQ(mailbox_.maildrop_holder(), "") << "given back without QUIT, too";
}

TEST_F(Pop3ConnectionTest, WithoutQuitNothingIsDeleted) {
  Talk("USER ann\r\nPASS secret\r\nDELE 1\r\nDELE 2\r\n");
  EXPECT_EQ(mailbox_.Find("INBOX")->messages.size(), 2u);
  for (int i = 0; i < operations_; ++i) Talk("USER ann\r\nPASS secret\r\nDELE 1\r\nNOOP\r\n", i);
  EXPECT_EQ(mailbox_.Find("INBOX")->messages.size(), 2u);
}

TEST_F(Pop3ConnectionTest, ProxyHeader) {
  options_.link.proxy_networks = {*net::Cidr::Parse("::/0")};
  std::string out = Talk("PROXY TCP6 2001:db8::7 ::1 1234 995\r\nUSER ann\r\nPASS secret\r\n");
  EXPECT_NE(out.find("+OK Logged in"), std::string::npos) << out;
  EXPECT_EQ(directory_.last_client_ip(), "2001:db8::7");
  EXPECT_EQ(Talk("USER ann\r\n"), "");
}

TEST_F(Pop3ConnectionTest, TroubleIsNotAWrongPassword) {
  EXPECT_NE(Talk("USER ann\r\nPASS wrong\r\n").find("-ERR [AUTH]"), std::string::npos);
  mailbox_.FailWith(UnavailableError("away"));
  EXPECT_NE(Talk("USER ann\r\nPASS secret\r\n").find("-ERR [SYS/TEMP]"), std::string::npos);
  mailbox_.FailWith(absl::OkStatus());
  directory_.FailWith(UnavailableError("away"));
  EXPECT_NE(Talk("USER ann\r\nPASS secret\r\n").find("-ERR [SYS/TEMP]"), std::string::npos);
}

}  // namespace
}  // namespace pennypost::access
