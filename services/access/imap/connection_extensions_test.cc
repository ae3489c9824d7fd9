// Extensions of IMAP over a stream in memory and a store in memory.

#include "net/deflate_stream.h"
#include "services/access/imap/connection_fixture.h"

namespace pennypost::access {
namespace {

using namespace std::string_literals;

TEST_F(ImapConnectionTest, BinaryOfAnUnknownEncoding) {
  mailbox_.Deliver("INBOX", "Content-Transfer-Encoding: x-own\r\n\r\nabc");
  mailbox_.Deliver("INBOX", "Content-Transfer-Encoding: base64\r\n\r\nYWJj");
  EXPECT_EQ(Selected("a FETCH 1 (FLAGS BINARY.PEEK[1])\r\nb FETCH 1 BINARY.SIZE[1]\r\n"
                     "c FETCH 2 (BINARY.PEEK[1] BINARY.SIZE[1])\r\nd FETCH 1 BINARY.SIZE[]\r\n"),
            "a NO [UNKNOWN-CTE] The part cannot be decoded\r\nb NO [UNKNOWN-CTE] The part cannot "
            "be decoded\r\n* 2 FETCH (BINARY[1] ~{3}\r\nabc BINARY.SIZE[1] 3)\r\nc OK Done\r\n"
            "* 1 FETCH (BINARY.SIZE[] 39)\r\nd OK Done\r\n");
}

TEST_F(ImapConnectionTest, IdsSaveDateAndPreview) {
  for (int i = 0; i < 3; ++i) mailbox_.Deliver("INBOX", kMail);
  mailbox_.Deliver("INBOX", "Content-Type: image/png\r\n\r\nx");
  mailbox_.Deliver("INBOX", "Subject: big\r\n\r\nfirst " + std::string(300 << 10, 'x'));
  EXPECT_EQ(
      Selected("a FETCH 1:3 (EMAILID THREADID SAVEDATE)\r\nb FETCH 3:4 (PREVIEW (LAZY) UID)\r\n"
               "c SEARCH EMAILID Me2\r\nd SEARCH EMAILID Te2\r\n"),
      "* 1 FETCH (EMAILID (Me1) THREADID (Tt1) SAVEDATE \"17-Jul-1996 02:44:25 +0000\")\r\n"
      "* 2 FETCH (EMAILID (Me2) THREADID (Tt1) SAVEDATE \"17-Jul-1996 02:44:25 +0000\")\r\n"
      "* 3 FETCH (EMAILID (Me3) THREADID (Tt1) SAVEDATE \"17-Jul-1996 02:44:25 +0000\")\r\n"
      "a OK Done\r\n* 3 FETCH (PREVIEW \"body\" UID 3)\r\n* 4 FETCH (PREVIEW \"\" UID 4)\r\n"
      "b OK Done\r\n* SEARCH 2\r\nc OK Done\r\n* SEARCH\r\nd OK Done\r\n");
  EXPECT_EQ(Selected("a FETCH 5 PREVIEW\r\n"),
            "* 5 FETCH (PREVIEW \"first " + std::string(194, 'x') + "\")\r\na OK Done\r\n");
}

TEST_F(ImapConnectionTest, QresyncTellsWhatWasMissed) {
  for (int i = 0; i < 6; ++i) mailbox_.Deliver("INBOX", kMail);  // MODSEQ 2 to 7
  mailbox_.Remove("INBOX", 2);                                   // 8
  mailbox_.Remove("INBOX", 5);                                   // 9
  auto missed = [this](const std::string& parameters) {
    std::string out =
        Logged("e ENABLE QRESYNC\r\na SELECT INBOX (QRESYNC (" + parameters + "))\r\n");
    size_t begin = out.find("] Id\r\n");
    size_t end = out.find("a OK [READ-WRITE]");
    EXPECT_NE(end, std::string::npos) << out;
    return end == std::string::npos ? out : out.substr(begin + 6, end - begin - 6);
  };
  EXPECT_EQ(missed("7 6"), "* VANISHED (EARLIER) 2,5\r\n* 4 FETCH (UID 6 FLAGS () MODSEQ (7))\r\n");
  EXPECT_EQ(missed("7 8 1:4"), "") << "only known UIDs";
  EXPECT_EQ(missed("7 6 1:5"), "* VANISHED (EARLIER) 2,5\r\n");
  EXPECT_EQ(missed("7 6 1:6 (1:2 1,3)"),
            "* VANISHED (EARLIER) 5\r\n* 4 FETCH (UID 6 FLAGS () MODSEQ (7))\r\n");
  EXPECT_EQ(missed("8 1"), "") << "another UIDVALIDITY";
  // RFC 7162 5.3: where the record was trimmed, more is said rather than too little.
  mailbox_.Remove("INBOX", 1);  // 10
  mailbox_.TrimVanished("INBOX");
  EXPECT_EQ(missed("7 7"), "* VANISHED (EARLIER) 1:2,5\r\n");
  EXPECT_EQ(missed("7 7 2:5"), "* VANISHED (EARLIER) 2,5\r\n") << "only known UIDs";
  EXPECT_EQ(missed("7 7 1:6 (3 4)"), "* VANISHED (EARLIER) 1:2,5\r\n");
  mailbox_.Remove("INBOX", 6);  // 11
  EXPECT_EQ(missed("7 10"), "* VANISHED (EARLIER) 6\r\n") << "what came later is known exactly";
}

TEST_F(ImapConnectionTest, ASessionFindsWhatIsGoneWithoutTheRecord) {
  for (int i = 0; i < 4; ++i) mailbox_.Deliver("INBOX", kMail);
  mailbox_.OnChanges([this] {
    mailbox_.Remove("INBOX", 1);
    mailbox_.Remove("INBOX", 3);
    mailbox_.TrimVanished("INBOX");
  });
  std::string out = Logged("a SELECT INBOX\r\nb NOOP\r\n");
  EXPECT_EQ(out.substr(out.find("] Selected\r\n") + 12),
            "* 3 EXPUNGE\r\n* 1 EXPUNGE\r\nb OK Done\r\n");
}

TEST_F(ImapConnectionTest, QresyncInASession) {
  for (int i = 0; i < 5; ++i) mailbox_.Deliver("INBOX", kMail);
  mailbox_.Remove("INBOX", 1);
  std::string out = Logged(
      "e ENABLE QRESYNC\r\ny SELECT INBOX\r\na STORE 1 +FLAGS.SILENT (\\Deleted)\r\nb EXPUNGE\r\n"
      "c UID FETCH 1:9 (FLAGS) (CHANGEDSINCE 5 VANISHED)\r\nd FETCH 1 FLAGS (CHANGEDSINCE 5)\r\n"
      "f EXPUNGE\r\ng UID MOVE 3 none\r\n");
  EXPECT_EQ(out.substr(out.find("] Selected\r\n") + 12),
            "* 1 FETCH (UID 2 MODSEQ (8))\r\na OK Done\r\n"
            "* VANISHED 2\r\nb OK [HIGHESTMODSEQ 9] Done\r\n"
            "* VANISHED (EARLIER) 1:2\r\n* 3 FETCH (UID 5 MODSEQ (6) FLAGS ())\r\nc OK Done\r\n"
            "d OK Done\r\nf OK Done\r\ng NO [TRYCREATE] No such mailbox\r\n");
}

TEST_F(ImapConnectionTest, ChangedSinceIsUpToDate) {
  for (int i = 0; i < 3; ++i) mailbox_.Deliver("INBOX", kMail);
  mailbox_.OnChanges([this] {
    mailbox_.Deliver("INBOX", kMail);
    mailbox_.Remove("INBOX", 1);
  });
  EXPECT_EQ(
      Selected("a FETCH 1:* FLAGS (CHANGEDSINCE 4)\r\nb UID SEARCH 1:2\r\nc UID SEARCH ALL\r\n"),
      "* 4 EXISTS\r\n* 4 FETCH (MODSEQ (5) FLAGS ())\r\na OK Done\r\n"
      "* SEARCH 2\r\nb OK Done\r\n* 1 EXPUNGE\r\n* SEARCH 2 3 4\r\nc OK Done\r\n");
}

TEST_F(ImapConnectionTest, SortThreadPartial) {
  for (int i = 0; i < 5; ++i) mailbox_.Deliver("INBOX", kMail);
  mailbox_.Remove("INBOX", 2);
  EXPECT_EQ(Selected("a SORT (REVERSE DATE) UTF-8 ALL\r\nb UID SORT (DATE) UTF-8 1:2\r\n"
                     "c UID SORT RETURN (MIN PARTIAL 1:2 SAVE) (REVERSE SIZE) UTF-8 ALL\r\n"
                     "d FETCH $ UID\r\ne SORT (X) UTF-8 ALL\r\nf SORT (DATE) x-none ALL\r\n"),
            "* SORT 4 3 2 1\r\na OK Done\r\n* SORT 1 3\r\nb OK Done\r\n"
            "* ESEARCH (TAG \"c\") UID MIN 5 PARTIAL (1:2 5,4)\r\nc OK Done\r\n"
            "* 3 FETCH (UID 4)\r\n* 4 FETCH (UID 5)\r\nd OK Done\r\ne BAD Unknown sort key\r\n"
            "f NO [BADCHARSET (UTF-8 US-ASCII)] Unknown charset\r\n");
  EXPECT_EQ(Selected("a UID THREAD REFERENCES UTF-8 ALL\r\n"
                     "b THREAD ORDEREDSUBJECT US-ASCII 3:4\r\n"),
            "* THREAD ((1)(3 4 5))\r\na OK Done\r\n* THREAD ((3)(4))\r\nb OK Done\r\n");
  EXPECT_EQ(
      Selected("a SEARCH RETURN (PARTIAL -1:-2) ALL\r\nb UID FETCH 1:* UID (PARTIAL -2:-1)\r\n"
               "c UID FETCH 1:* UID (PARTIAL 5:9)\r\n"),
      "* ESEARCH (TAG \"a\") PARTIAL (-1:-2 3:4)\r\na OK Done\r\n"
      "* 3 FETCH (UID 4)\r\n* 4 FETCH (UID 5)\r\nb OK Done\r\nc OK Done\r\n");
}

TEST_F(ImapConnectionTest, SavedResults) {
  for (int i = 0; i < 4; ++i) mailbox_.Deliver("INBOX", kMail);
  EXPECT_EQ(Selected("a SEARCH RETURN (SAVE MIN MAX) ALL\r\nb UID SEARCH $\r\n"
                     "c SEARCH RETURN (SAVE MAX COUNT) 2:3\r\nd UID SEARCH $\r\n"
                     "e SEARCH RETURN (SAVE) NOT ALL\r\nf FETCH $ UID\r\n"),
            "* ESEARCH (TAG \"a\") MIN 1 MAX 4\r\na OK Done\r\n* SEARCH 1 4\r\nb OK Done\r\n"
            "* ESEARCH (TAG \"c\") MAX 3 COUNT 2\r\nc OK Done\r\n* SEARCH 2 3\r\nd OK Done\r\n"
            "e OK Done\r\nf OK Done\r\n");
}

TEST_F(ImapConnectionTest, ReplaceOneByAnother) {
  mailbox_.Add("Sent");
  for (int i = 0; i < 2; ++i) mailbox_.Deliver("INBOX", kMail);
  EXPECT_EQ(
      Selected("a REPLACE 1 INBOX (\\Draft) {3+}\r\nnew\r\nb UID REPLACE 2 Sent {4+}\r\nsent\r\n"
               "c UID REPLACE 9 INBOX {1+}\r\nx\r\nd REPLACE 1 none {1+}\r\nx\r\n"
               "e FETCH 1:* (UID FLAGS)\r\nf REPLACE 1 INBOX {0+}\r\n\r\n"),
      "* OK [APPENDUID 7 3] Stored\r\n* 1 EXPUNGE\r\n* 2 EXISTS\r\na OK Replaced\r\n"
      "* OK [APPENDUID 7 1] Stored\r\n* 1 EXPUNGE\r\nb OK Replaced\r\n"
      "c NO No such message\r\nd NO [TRYCREATE] No such mailbox\r\n"
      "* 1 FETCH (UID 3 FLAGS (\\Draft))\r\ne OK Done\r\nf NO Empty message\r\n");
  EXPECT_EQ(mailbox_.Find("Sent")->messages.size(), 1u);
  EXPECT_EQ(mailbox_.Find("INBOX")->messages.size(), 1u);
}

TEST_F(ImapConnectionTest, SeveralMessagesAtOnce) {
  EXPECT_EQ(
      Selected("a APPEND INBOX (\\Seen) {3+}\r\nabc \"17-Jul-1996 02:44:25 +0000\" ~{2+}\r\nde "
               "UTF8 (~{1+}\r\nf)\r\nb APPEND INBOX {1+}\r\nx {0+}\r\n\r\n"
               "c APPEND none {1+}\r\nx {1+}\r\ny\r\nd FETCH 1:* (FLAGS RFC822.SIZE)\r\n"),
      "* 3 EXISTS\r\na OK [APPENDUID 7 1:3] Appended\r\nb NO Empty message\r\n"
      "c NO [TRYCREATE] No such mailbox\r\n* 1 FETCH (FLAGS (\\Seen) RFC822.SIZE 3)\r\n"
      "* 2 FETCH (FLAGS () RFC822.SIZE 2)\r\n* 3 FETCH (FLAGS () RFC822.SIZE 1)\r\nd OK Done\r\n");
}

TEST_F(ImapConnectionTest, Metadata) {
  EXPECT_EQ(
      Logged(
          "a SETMETADATA INBOX (/private/comment \"mine\" /private/a/b {3+}\r\nx\ny /private/a "
          "NIL)\r\n"
          "b GETMETADATA INBOX (/private/comment /private/a)\r\n"
          "c GETMETADATA INBOX (DEPTH 1) /private/a\r\n"
          "d GETMETADATA (MAXSIZE 3) INBOX (/private/comment /private/a/b)\r\n"
          "e SETMETADATA \"\" (/shared/comment x)\r\nf SETMETADATA \"\" (/shared/comment \"x\")\r\n"
          "g SETMETADATA \"\" (/private/x ~{3+}\r\na\0b)\r\n"s
          "h GETMETADATA \"\" /private/x\r\n"),
      "a OK Done\r\n* METADATA INBOX (/private/comment \"mine\" /private/a NIL)\r\nb OK Done\r\n"
      "* METADATA INBOX (/private/a/b {3}\r\nx\ny)\r\nc OK Done\r\n"
      "* METADATA INBOX (/private/a/b {3}\r\nx\ny)\r\nd OK [METADATA LONGENTRIES 4] Done\r\n"
      "e BAD Expected a string\r\nf NO [NOPERM] Shared entries of the server cannot be set here\r\n"
      "g OK Done\r\n* METADATA \"\" (/private/x ~{3}\r\na\0b)\r\nh OK Done\r\n"s);
  std::string large(70'000, 'x');
  EXPECT_EQ(Logged("a SETMETADATA INBOX (/private/x {70000+}\r\n" + large + ")\r\n"),
            "a NO [METADATA MAXSIZE 65536] The value is too long\r\n");
}

TEST_F(ImapConnectionTest, UsesAndLimits) {
  EXPECT_EQ(
      Logged("a CREATE x (USE (\\All))\r\nb CREATE x (USE (\\Sent \\Trash))\r\n"
             "c CREATE x (USE (\\sent))\r\nd LIST \"\" x\r\ne STATUS x (APPENDLIMIT)\r\n"),
      "a NO [USEATTR] A mailbox cannot have that use\r\nb NO [USEATTR] A mailbox cannot have "
      "that use\r\nc OK [MAILBOXID (F1-2)] Done\r\n* LIST (\\HasNoChildren \\Sent) \"/\" x\r\nd OK "
      "Done\r\n* STATUS x (APPENDLIMIT 36700160)\r\ne OK Done\r\n");
}

TEST_F(ImapConnectionTest, Compressed) {
  mailbox_.Deliver("INBOX", kMail);
  auto sent = std::make_shared<net::MemoryStream>(std::deque<std::string>{});
  net::DeflateStream deflate(sent);
  boost::asio::io_context io;
  std::string commands = "a SELECT INBOX\r\nb COMPRESS DEFLATE\r\nc LOGOUT\r\n";
  boost::asio::co_spawn(io, deflate.Write(commands, absl::Seconds(5)), boost::asio::detached);
  io.run();
  std::string out = Talk({"x LOGIN ann secret\r\ny COMPRESS DEFLATE\r\n",
                          sent->written().substr(0, 7), sent->written().substr(7)});
  std::string begin = "y OK Compression begins\r\n";
  size_t at = out.find(begin);
  ASSERT_NE(at, std::string::npos) << out;
  auto got =
      std::make_shared<net::MemoryStream>(std::deque<std::string>{out.substr(at + begin.size())});
  net::DeflateStream inflate(got);
  std::string answer(10'000, '\0');
  auto read = inflate.Read(answer.data(), answer.size(), absl::Seconds(5));
  boost::asio::io_context reading;
  boost::asio::co_spawn(reading, std::move(read),
                        [&](const std::exception_ptr&, absl::StatusOr<size_t> size) {
                          answer.resize(size.value_or(0));
                        });
  reading.run();
  EXPECT_NE(answer.find("a OK [READ-WRITE] Selected\r\nb BAD Compression is active\r\n"),
            std::string::npos)
      << answer;
}

}  // namespace
}  // namespace pennypost::access
