// INPROGRESS (RFC 9585): a command that takes long says so, again and again, and then answers.

#include "services/access/imap/progress.h"

#include "services/access/imap/connection_fixture.h"

namespace pennypost::access {
namespace {

// Calls back when a line of progress was written for the n-th time.
class ListeningStream : public net::MemoryStream {
 public:
  ListeningStream(std::deque<std::string> pieces, int patience, std::function<void()> enough)
      : MemoryStream(std::move(pieces)), patience_(patience), enough_(std::move(enough)) {}

  net::Awaitable<absl::Status> Write(std::string_view bytes, absl::Duration timeout) override {
    if (bytes.find("[INPROGRESS") != std::string_view::npos && --patience_ == 0) enough_();
    co_return co_await MemoryStream::Write(bytes, timeout);
  }

 private:
  int patience_;
  std::function<void()> enough_;
};

class ProgressTest : public ImapConnectionTest {
 protected:
  // What is said behind SELECT when the store answers `input` after so many lines of progress.
  std::string Slowly(const std::string& input, int lines) {
    options_.progress_interval = absl::Milliseconds(1);
    mailbox_.HoldNextAnswer();
    auto stream = std::make_shared<ListeningStream>(
        std::deque<std::string>{"x LOGIN ann secret\r\ny SELECT INBOX\r\n" + input}, lines,
        [this] { mailbox_.AnswerHeld(); });
    ImapConnection connection(clients_, options_, stream, net::Peer{}, drain_);
    boost::asio::io_context io;
    boost::asio::co_spawn(io, connection.Run(), boost::asio::detached);
    io.run();
    std::string out = stream->written();
    return out.substr(std::min(out.size(), out.find("] Selected\r\n") + 12));
  }
};

TEST_F(ProgressTest, SearchesAndCopies) {
  mailbox_.Deliver("INBOX", kMail);
  mailbox_.Add("Archive");
  EXPECT_EQ(Slowly("a1 SEARCH TEXT body\r\n", 2),
            "* OK [INPROGRESS (\"a1\" NIL NIL)] Still at work\r\n"
            "* OK [INPROGRESS (\"a1\" NIL NIL)] Still at work\r\n* SEARCH 1\r\na1 OK Done\r\n");
  EXPECT_EQ(Slowly("a2 COPY 1 Archive\r\n", 1),
            "* OK [INPROGRESS (\"a2\" NIL NIL)] Still at work\r\na2 OK [COPYUID 7 1 1] Copied\r\n");
  EXPECT_EQ(mailbox_.Find("Archive")->messages.size(), 1u);
  EXPECT_EQ(
      Slowly("a3 APPEND Archive {1+}\r\nx\r\n", 1),
      "* OK [INPROGRESS (\"a3\" NIL NIL)] Still at work\r\na3 OK [APPENDUID 7 2] Appended\r\n");
}

// RFC 9051 9 lets "]" into tags, but it would end the response code.
TEST(Progress, TagsThatCannotBeTold) {
  EXPECT_EQ(ProgressLine("a]b"), "* OK [INPROGRESS] Still at work\r\n");
  EXPECT_EQ(ProgressLine("a.1"), "* OK [INPROGRESS (\"a.1\" NIL NIL)] Still at work\r\n");
}

}  // namespace
}  // namespace pennypost::access
