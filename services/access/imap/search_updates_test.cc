// CONTEXT=SEARCH and CONTEXT=SORT (RFC 5267) over the driver and its handlers.

#include "services/access/imap/connection_fixture.h"

namespace pennypost::access {
namespace {

TEST_F(ImapConnectionTest, ResultsAreKeptUpToDate) {
  for (int i = 0; i < 3; ++i) mailbox_.Deliver("INBOX", kMail);
  EXPECT_EQ(Selected("s SEARCH RETURN (UPDATE COUNT CONTEXT) UNFLAGGED\r\n"
                     "u UID SEARCH RETURN (UPDATE) 1:2 FLAGGED\r\n"
                     "a STORE 1,3 +FLAGS (\\Flagged)\r\nb STORE 2 +FLAGS (x)\r\n"
                     "c APPEND INBOX {1+}\r\nx\r\nd STORE 1 -FLAGS.SILENT (\\Flagged)\r\n"
                     "e CANCELUPDATE \"s\"\r\nf STORE 1 +FLAGS.SILENT (\\Flagged \\Deleted)\r\n"
                     "g EXPUNGE\r\n"),
            "* ESEARCH (TAG \"s\") COUNT 3\r\ns OK Done\r\nu OK Done\r\n"
            "* 1 FETCH (UID 1 FLAGS (\\Flagged))\r\n* 3 FETCH (UID 3 FLAGS (\\Flagged))\r\n"
            "* ESEARCH (TAG \"s\") REMOVEFROM (0 1,3)\r\n* ESEARCH (TAG \"u\") UID ADDTO (0 1)\r\n"
            "a OK Done\r\n* 2 FETCH (UID 2 FLAGS (x))\r\nb OK Done\r\n"
            "* 4 EXISTS\r\n* ESEARCH (TAG \"s\") ADDTO (0 4)\r\nc OK [APPENDUID 7 4] Appended\r\n"
            "* ESEARCH (TAG \"u\") UID REMOVEFROM (0 1)\r\n* ESEARCH (TAG \"s\") ADDTO (0 1)\r\n"
            "d OK Done\r\ne OK No further updates\r\n"
            "* ESEARCH (TAG \"u\") UID ADDTO (0 1)\r\nf OK Done\r\n"
            "* ESEARCH (TAG \"u\") UID REMOVEFROM (0 1)\r\n* 1 EXPUNGE\r\ng OK Done\r\n");
}

TEST_F(ImapConnectionTest, SortedResultsAreKeptInOrder) {
  for (int i = 0; i < 3; ++i) mailbox_.Deliver("INBOX", kMail);
  EXPECT_EQ(Selected("s UID SORT RETURN (UPDATE ALL) (REVERSE DATE) UTF-8 UNFLAGGED\r\n"
                     "a STORE 2 +FLAGS.SILENT (\\Flagged)\r\nb APPEND INBOX {1+}\r\nx\r\n"
                     "c STORE 2 -FLAGS.SILENT (\\Flagged)\r\n"
                     "d SORT RETURN (UPDATE COUNT) (RELEVANCY) UTF-8 FUZZY ALL\r\n"),
            "* ESEARCH (TAG \"s\") UID ALL 3,2,1\r\ns OK Done\r\n"
            "* ESEARCH (TAG \"s\") UID REMOVEFROM (2 2)\r\na OK Done\r\n"
            "* 4 EXISTS\r\n* ESEARCH (TAG \"s\") UID ADDTO (1 4)\r\n"
            "b OK [APPENDUID 7 4] Appended\r\n"
            "* ESEARCH (TAG \"s\") UID ADDTO (3 2)\r\nc OK Done\r\n"
            "* NO [NOUPDATE \"d\"] This one cannot be kept up to date\r\n"
            "* ESEARCH (TAG \"d\") COUNT 4\r\nd OK Done\r\n");
}

TEST_F(ImapConnectionTest, OnlySoManyResultsAreKept) {
  mailbox_.Deliver("INBOX", kMail);
  std::string input;
  for (int i = 0; i < 10; ++i) input += "s" + std::to_string(i) + " SEARCH RETURN (UPDATE) ALL\r\n";
  std::string out = Selected(input + "s10 SEARCH RETURN (UPDATE COUNT) ALL\r\n");
  EXPECT_TRUE(
      out.ends_with("s9 OK Done\r\n* NO [NOUPDATE \"s10\"] This one cannot be kept up to "
                    "date\r\n* ESEARCH (TAG \"s10\") COUNT 1\r\ns10 OK Done\r\n"))
      << out;
}

// What others did, heard in IDLE; and a store that is away for a while loses no change.
TEST_F(ImapConnectionTest, ResultsInIdle) {
  for (int i = 0; i < 2; ++i) mailbox_.Deliver("INBOX", kMail);
  mailbox_.OnWait([this] {
    mailbox_.Deliver("INBOX", kMail);
    mailbox_.Remove("INBOX", 1);
  });
  std::string out =
      Talk({"x LOGIN ann secret\r\ny SELECT INBOX\r\n"
            "s SEARCH RETURN (UPDATE) ALL\r\n",
            "a IDLE\r\n", "DONE\r\n"});
  EXPECT_NE(out.find("+ idling\r\n* ESEARCH (TAG \"s\") REMOVEFROM (0 1)\r\n* 1 EXPUNGE\r\n"
                     "* 2 EXISTS\r\n* ESEARCH (TAG \"s\") ADDTO (0 2)\r\na OK"),
            std::string::npos)
      << out;
}

}  // namespace
}  // namespace pennypost::access
