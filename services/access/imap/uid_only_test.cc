// UIDONLY (RFC 9586) and SAVELIMIT (RFC 9738) over the driver and its handlers.

#include "services/access/imap/connection_fixture.h"

namespace pennypost::access {
namespace {

// Everything behind the answer to SELECT, after ENABLE UIDONLY and what else is named.
class UidOnlyTest : public ImapConnectionTest {
 protected:
  std::string Enabled(const std::string& features, const std::string& input) {
    std::string out = Logged("e ENABLE " + features + "\r\ny SELECT INBOX\r\n" + input);
    EXPECT_EQ(out.find("UNSEEN"), std::string::npos) << "a sequence number: " << out;
    size_t end = out.find("] Selected\r\n");
    EXPECT_NE(end, std::string::npos) << out;
    return end == std::string::npos ? out : out.substr(end + 12);
  }
};

TEST_F(UidOnlyTest, ReportsNameUids) {
  mailbox_.Add("Archive");
  for (int i = 0; i < 5; ++i) mailbox_.Deliver("INBOX", kMail);
  mailbox_.Remove("INBOX", 1);
  EXPECT_EQ(
      Enabled("UIDONLY",
              "a UID FETCH 2:3 (UID FLAGS)\r\nb UID FETCH 2 UID\r\nc UID FETCH 5 BODY[TEXT]\r\n"
              "d UID STORE 3:4 +FLAGS (\\Deleted)\r\ne UID MOVE 2 Archive\r\nf EXPUNGE\r\n"
              "g UID SEARCH ALL\r\nh UID COPY 5 Archive\r\n"),
      "* 2 UIDFETCH (FLAGS ())\r\n* 3 UIDFETCH (FLAGS ())\r\na OK Done\r\n"
      "* 2 UIDFETCH (UID 2)\r\nb OK Done\r\n"
      "* 5 UIDFETCH (BODY[TEXT] {6}\r\nbody\r\n FLAGS (\\Seen))\r\nc OK Done\r\n"
      "* 3 UIDFETCH (FLAGS (\\Deleted))\r\n* 4 UIDFETCH (FLAGS (\\Deleted))\r\nd OK Done\r\n"
      "* OK [COPYUID 7 2 1] Moved\r\n* VANISHED 2\r\ne OK Moved\r\n"
      "* VANISHED 3:4\r\nf OK Done\r\n* SEARCH 5\r\ng OK Done\r\nh OK [COPYUID 7 5 2] Copied\r\n");
}

TEST_F(UidOnlyTest, WithModseqs) {
  for (int i = 0; i < 3; ++i) mailbox_.Deliver("INBOX", kMail);
  EXPECT_EQ(Enabled("CONDSTORE UIDONLY",
                    "a UID STORE 1 +FLAGS.SILENT (x)\r\nb UID STORE 1 +FLAGS (x)\r\n"
                    "c UID FETCH 1:* (FLAGS) (CHANGEDSINCE 4)\r\n"),
            "* 1 UIDFETCH (MODSEQ (5))\r\na OK Done\r\n"
            "* 1 UIDFETCH (FLAGS (x) MODSEQ (5))\r\nb OK Done\r\n"
            "* 1 UIDFETCH (MODSEQ (5) FLAGS (x))\r\nc OK Done\r\n");
  std::string out = Logged("e ENABLE QRESYNC UIDONLY\r\ny SELECT INBOX (QRESYNC (7 3))\r\n");
  EXPECT_NE(out.find("* 1 UIDFETCH (FLAGS (x) MODSEQ (5))\r\n* 3 UIDFETCH (FLAGS () MODSEQ (4))"),
            std::string::npos)
      << out;
}

TEST_F(UidOnlyTest, OthersChangesInIdle) {
  mailbox_.Deliver("INBOX", kMail);
  mailbox_.OnWait([this] {
    mailbox_.Deliver("INBOX", kMail);
    mailbox_.Remove("INBOX", 1);
  });
  std::string out = Talk(
      {"x LOGIN ann secret\r\ne ENABLE UIDONLY\r\ny SELECT INBOX\r\n", "a IDLE\r\n", "DONE\r\n"});
  EXPECT_NE(out.find("+ idling\r\n* VANISHED 1\r\n* 1 EXISTS\r\na OK Idle completed\r\n"),
            std::string::npos)
      << out;
}

// RFC 9738: more than the limit is refused as a whole; MOVE and the limit itself are no trouble.
TEST_F(UidOnlyTest, SaveLimit) {
  options_.save_limit = 2;
  mailbox_.Add("Archive");
  for (int i = 0; i < 4; ++i) mailbox_.Deliver("INBOX", kMail);
  EXPECT_NE(Logged("a CAPABILITY\r\n").find(" SAVELIMIT=2\r\n"), std::string::npos);
  EXPECT_EQ(
      Selected("a COPY 1:3 Archive\r\nb UID COPY 1:3 Archive\r\nc COPY 1:2 Archive\r\n"
               "d APPEND Archive {1+}\r\nx {1+}\r\ny {1+}\r\nz\r\ne STATUS Archive (MESSAGES)\r\n"
               "f MOVE 1:3 Archive\r\n"),
      "a NO [MESSAGELIMIT 2] Too many messages in one command, none was stored\r\n"
      "b NO [MESSAGELIMIT 2] Too many messages in one command, none was stored\r\n"
      "c OK [COPYUID 7 1:2 1:2] Copied\r\n"
      "d NO [MESSAGELIMIT 2] Too many messages in one command, none was stored\r\n"
      "* STATUS Archive (MESSAGES 2)\r\ne OK Done\r\n"
      "* OK [COPYUID 7 1:3 3:5] Moved\r\n* 3 EXPUNGE\r\n* 2 EXPUNGE\r\n* 1 EXPUNGE\r\n"
      "f OK Moved\r\n");
}

}  // namespace
}  // namespace pennypost::access
