// The ManageSieve driver over a stream in memory and scripts in memory.

#include "services/access/managesieve/connection.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "net/memory_stream.h"
#include "services/access/fake_directory.h"
#include "services/access/fake_scripts.h"

namespace pennypost::access {
namespace {

constexpr char kLogin[] = "AUTHENTICATE \"PLAIN\" \"AGFubgBzZWNyZXQ=\"\r\n";

std::string AfterLogin(std::string_view commands) {
  std::string out = kLogin;
  out.append(commands);
  return out;
}

class ManageSieveConnectionTest : public ::testing::Test {
 protected:
  ManageSieveConnectionTest() {
    clients_.mailbox = &scripts_;
    clients_.directory = &directory_;
  }

  // What the server says after its greeting.
  std::string Talk(const std::string& input, int fail_at = -1) {
    auto stream = std::make_shared<net::MemoryStream>(std::deque<std::string>{input});
    if (fail_at >= 0) stream->FailAt(fail_at);
    ManageSieveConnection connection(clients_, options_, stream, net::Peer{}, drain_);
    boost::asio::io_context io;
    boost::asio::co_spawn(io, connection.Run(), boost::asio::detached);
    io.run();
    operations_ = stream->operations();
    std::string out = stream->written();
    constexpr std::string_view kReady = "OK \"Pennypost is ready\"\r\n";
    size_t ready = out.find(kReady);
    return ready == std::string::npos ? out : out.substr(ready + kReady.size());
  }

  FakeScripts scripts_;
  FakeDirectory directory_;
  clients::Clients clients_;
  ManageSieveOptions options_;
  net::DrainSignal drain_;
  int operations_ = 0;
};

TEST_F(ManageSieveConnectionTest, EachCommand) {
  EXPECT_EQ(
      Talk(AfterLogin("HAVESPACE \"a\" 2000\r\nPUTSCRIPT \"a\" \"keep;\"\r\nCHECKSCRIPT \"bad\"\r\n"
                      "PUTSCRIPT \"b\" \"bad\"\r\nSETACTIVE \"a\"\r\nDELETESCRIPT \"a\"\r\n"
                      "RENAMESCRIPT \"a\" \"c\"\r\nLISTSCRIPTS\r\nGETSCRIPT \"c\"\r\n"
                      "GETSCRIPT \"a\"\r\nSETACTIVE \"\"\r\nUNAUTHENTICATE\r\nLOGOUT\r\n")),
      "OK \"Logged in\"\r\nNO (QUOTA/MAXSIZE) \"too big\"\r\nOK\r\n"
      "NO {20}\r\nline 1: a\r\nline 2: b\r\nNO {20}\r\nline 1: a\r\nline 2: b\r\n"
      "OK\r\nNO (ACTIVE) \"active\"\r\nOK\r\n\"c\"\r\nOK\r\n{5}\r\nkeep;\r\nOK\r\n"
      "NO (NONEXISTENT) \"no such script\"\r\nOK\r\nOK\r\nOK \"Bye\"\r\n");
}

TEST_F(ManageSieveConnectionTest, ExtensionsAreThoseOfTheLanguage) {
  std::string out = Talk("CAPABILITY\r\n");
  EXPECT_NE(out.find("\"SIEVE\" \""), std::string::npos) << out;
  for (const char* name : {"fileinto", "vacation", "imap4flags", "mailbox"})
    EXPECT_NE(out.find(name), std::string::npos) << name;
  EXPECT_EQ(out.find("testsuite"), std::string::npos);
}

TEST_F(ManageSieveConnectionTest, TroubleIsNotAWrongPasswordOrALostScript) {
  EXPECT_EQ(Talk("AUTHENTICATE \"PLAIN\" \"AGFubgB3cm9uZw==\"\r\n"),
            "NO \"Authentication failed\"\r\n");
  directory_.FailWith(UnavailableError("away"));
  EXPECT_EQ(Talk(kLogin), "NO (TRYLATER) \"Temporarily unavailable\"\r\n");
  directory_.FailWith(absl::OkStatus());
  scripts_.FailWith(UnavailableError("away"));
  EXPECT_EQ(Talk(AfterLogin("GETSCRIPT \"a\"\r\nLISTSCRIPTS\r\n")),
            "OK \"Logged in\"\r\nNO (TRYLATER) \"Temporarily unavailable\"\r\n"
            "NO (TRYLATER) \"Temporarily unavailable\"\r\n");
}

TEST_F(ManageSieveConnectionTest, UsersHaveALimit) {
  UserConnections users(1);
  options_.users = &users;
  auto taken = users.Enter(1, net::Peer{}.address.LimitKey());
  EXPECT_NE(Talk(kLogin).find("NO (TRYLATER) \"Too many connections"), std::string::npos);
  taken = {};
  // UNAUTHENTICATE gives the place back.
  std::string twice = AfterLogin("UNAUTHENTICATE\r\n") + kLogin;
  EXPECT_EQ(Talk(twice), "OK \"Logged in\"\r\nOK\r\nOK \"Logged in\"\r\n");
}

TEST_F(ManageSieveConnectionTest, ABrokenConnectionStoresAllOrNothing) {
  std::string input = AfterLogin("PUTSCRIPT \"a\" {5+}\r\nkeep;\r\nLOGOUT\r\n");
  Talk(input);
  for (int i = 0; i < operations_; ++i) Talk(input, i);
  for (size_t cut = 0; cut < input.size(); ++cut) Talk(input.substr(0, cut));
  for (const auto& [name, content] : scripts_.scripts()) EXPECT_EQ(content, "keep;");
}

}  // namespace
}  // namespace pennypost::access
