// The driver and the handlers over a stream in memory and a store in memory.

#include "services/access/imap/connection.h"

#include "services/access/imap/connection_fixture.h"

namespace pennypost::access {
namespace {

TEST_F(ImapConnectionTest, LoginOutcomes) {
  EXPECT_NE(Talk({"a LOGIN ann wrong\r\n"}).find("a NO [AUTHENTICATIONFAILED]"), std::string::npos);
  directory_.FailWith(UnavailableError("away"));
  EXPECT_NE(Talk({"a LOGIN ann secret\r\n"}).find("a NO [UNAVAILABLE]"), std::string::npos);
}

TEST_F(ImapConnectionTest, SoManyConnectionsAUserAndAddress) {
  UserConnections users(1);
  options_.users = &users;
  UserConnections::Place taken = users.Enter(1, net::IpAddress{}.LimitKey());
  ASSERT_TRUE(taken);
  std::string out = Talk({"a LOGIN ann secret\r\nb LIST \"\" *\r\n"});
  EXPECT_NE(out.find("a NO [LIMIT] Too many connections"), std::string::npos) << out;
  EXPECT_NE(out.find("b BAD Not now"), std::string::npos) << "nobody is logged in";
  EXPECT_TRUE(users.Enter(1, "192.0.2.1")) << "another address";
  EXPECT_TRUE(users.Enter(2, net::IpAddress{}.LimitKey())) << "another user";
  taken = {};
  // The place is given back at the end of each session.
  for (int i = 0; i < 3; ++i) Logged("a NOOP\r\n");
}

TEST_F(ImapConnectionTest, ProxyHeader) {
  options_.link.proxy_networks = {*net::Cidr::Parse("::/0")};
  std::string out = Talk({"PROXY TCP4 192.0.2.7 10.0.0.1 1234 993\r\nx LOGIN ann secret\r\n"});
  EXPECT_NE(out.find("x OK"), std::string::npos) << out;
  EXPECT_EQ(directory_.last_client_ip(), "192.0.2.7");
  EXPECT_EQ(Talk({"x LOGIN ann secret\r\n"}), "") << "a header is a must from there";
  options_.link.proxy_networks.clear();
  out = Talk({"PROXY TCP4 192.0.2.7 10.0.0.1 1234 993\r\n"});
  EXPECT_NE(out.find("PROXY BAD"), std::string::npos) << "from others it is no command: " << out;
}

// ROBUSTNESS S10
TEST_F(ImapConnectionTest, AppendOfAHeaderBomb) {
  std::string bomb = "To: " + std::string(200 << 10, 'x') + "\r\n\r\n";
  std::string size = std::to_string(bomb.size());
  EXPECT_EQ(Logged("a APPEND INBOX {" + size + "+}\r\n" + bomb + "\r\n"),
            "a NO [TOOBIG] Header is larger than we take\r\n");
  EXPECT_TRUE(mailbox_.Find("INBOX")->messages.empty());
}

// ROBUSTNESS 2.7: our disk is not the user's quota.
TEST_F(ImapConnectionTest, I17_FullDiskAndFullQuota) {
  mailbox_.FailWith(
      MakeError(absl::StatusCode::kResourceExhausted, Reason::kStorageFull, "the disk is full"));
  EXPECT_EQ(Logged("a APPEND INBOX {1+}\r\nx\r\n"),
            "a NO [UNAVAILABLE] Temporarily unavailable\r\n");
  mailbox_.FailWith(
      MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota, "the mailbox is full"));
  EXPECT_EQ(Logged("a APPEND INBOX {1+}\r\nx\r\n"), "a NO [OVERQUOTA] Mailbox is full\r\n");
}

// ROBUSTNESS 2.8: a message is read as far as there is memory for it, and costs none afterwards.
TEST_F(ImapConnectionTest, AppendWithoutRoom) {
  const std::string size = std::to_string(3 << 20);
  std::deque<std::string> pieces = {"x LOGIN ann secret\r\na APPEND INBOX {" + size + "+}\r\n"};
  for (int i = 0; i < 3 << 8; ++i) pieces.push_back(std::string(4096, 'x'));
  pieces.push_back("\r\nb NOOP\r\n");
  BodyBudget small(2 << 20);
  options_.bodies = &small;
  options_.body_patience = absl::Milliseconds(200);
  std::string out = Talk(pieces);
  EXPECT_TRUE(out.ends_with("* BYE [UNAVAILABLE] No room here now, try again later\r\n")) << out;
  EXPECT_TRUE(mailbox_.Find("INBOX")->messages.empty());
  EXPECT_EQ(small.free(), 2 << 20);
  options_.bodies = &bodies_;
  out = Talk(pieces);
  EXPECT_NE(out.find("a OK [APPENDUID 7 1] Appended\r\nb OK"), std::string::npos) << out;
  EXPECT_EQ(bodies_.free(), 64 << 20);
}

TEST_F(ImapConnectionTest, NoRoomForAnotherOpenMailbox) {
  mailbox_.Deliver("INBOX", kMail);
  ViewCache full(1 << 20, 0);
  options_.views = &full;
  EXPECT_EQ(Logged("a SELECT INBOX\r\nb NOOP\r\n"),
            "a NO [UNAVAILABLE] Temporarily unavailable\r\nb OK Done\r\n");
  options_.views = &views_;
  EXPECT_NE(Logged("a SELECT INBOX\r\n").find("a OK [READ-WRITE] Selected"), std::string::npos);
  EXPECT_EQ(imap::MailboxView::BytesOfAll(), views_.Find(1, "INBOX")->Bytes())
      << "the session's and the cache's are one";
}

TEST_F(ImapConnectionTest, SelectTellsTheState) {
  mailbox_.Deliver("INBOX", kMail, {"\\Seen", "$Junk"});
  mailbox_.Deliver("INBOX", kMail);
  EXPECT_EQ(
      Logged("a SELECT inbox\r\n"),
      "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)\r\n"
      "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk \\*)] Flags\r\n"
      "* 2 EXISTS\r\n* 0 RECENT\r\n* OK [UNSEEN 2] First unseen\r\n"
      "* OK [UIDVALIDITY 7] UIDs valid\r\n* OK [UIDNEXT 3] Next UID\r\n* OK [HIGHESTMODSEQ 3] "
      "Highest\r\n* OK [MAILBOXID (F1-1)] Id\r\n"
      "a OK [READ-WRITE] Selected\r\n");
  EXPECT_EQ(Logged("a SELECT none\r\n"), "a NO [NONEXISTENT] No such mailbox\r\n");
}

TEST_F(ImapConnectionTest, MailboxCommands) {
  EXPECT_EQ(
      Logged("a CREATE Work/2024\r\nb CREATE Sent (USE (\\Sent))\r\nc CREATE Sent\r\nd SUBSCRIBE "
             "Work/2024\r\n"
             "e LIST \"\" *\r\nf LIST (SUBSCRIBED) \"\" * RETURN (STATUS (MESSAGES))\r\ng LSUB "
             "\"\" %\r\n"
             "h LIST \"\" \"\"\r\ni RENAME Sent Out\r\nj DELETE Out\r\nk DELETE INBOX\r\nl STATUS "
             "Out (MESSAGES)\r\n"
             "m STATUS INBOX (MESSAGES UIDNEXT MAILBOXID)\r\nn GETQUOTAROOT INBOX\r\n"),
      "a OK [MAILBOXID (F1-2)] Done\r\nb OK [MAILBOXID (F1-3)] Done\r\nc NO [ALREADYEXISTS] "
      "Mailbox exists\r\nd OK Done\r\n"
      "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n"
      "* LIST (\\Noselect \\HasChildren) \"/\" Work\r\n* LIST (\\HasNoChildren) \"/\" "
      "Work/2024\r\ne OK Done\r\n"
      "* LIST (\\Subscribed \\HasNoChildren) \"/\" Work/2024\r\n* STATUS Work/2024 (MESSAGES "
      "0)\r\nf OK Done\r\n"
      "* LSUB (\\Noselect) \"/\" Work\r\ng OK Done\r\n"
      "* LIST (\\Noselect) \"/\" \"\"\r\nh OK Done\r\ni OK Done\r\nj OK Done\r\nk NO [CANNOT] "
      "INBOX stays\r\n"
      "l NO [NONEXISTENT] No such mailbox\r\n* STATUS INBOX (MESSAGES 0 UIDNEXT 1 MAILBOXID "
      "(F1-1))\r\nm OK Done\r\n"
      "* QUOTAROOT INBOX \"\"\r\n* QUOTA \"\" (STORAGE 2 1024)\r\nn OK Done\r\n");
}

// The second SELECT takes the view of the first from the cache.
TEST_F(ImapConnectionTest, AMailboxOpenedAgainIsUpToDate) {
  for (int i = 0; i < 3; ++i) mailbox_.Deliver("INBOX", kMail);
  const std::string fetch = "a FETCH 1:* (UID FLAGS)\r\n";
  std::string before = Selected(fetch);
  EXPECT_TRUE(views_.Find(1, "INBOX"));
  EXPECT_EQ(Selected(fetch), before);
  mailbox_.Deliver("INBOX", kMail);
  mailbox_.Remove("INBOX", 2);
  Selected("a UID STORE 3 FLAGS.SILENT (\\Flagged)\r\n");
  EXPECT_NE(Logged("y SELECT INBOX\r\n").find("* 3 EXISTS\r\n"), std::string::npos);
  EXPECT_EQ(Selected(fetch),
            "* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 3 FLAGS (\\Flagged))\r\n"
            "* 3 FETCH (UID 4 FLAGS ())\r\na OK Done\r\n");
}

// What the cache holds under a name may be another mailbox by now, or none.
TEST_F(ImapConnectionTest, AMailboxMadeAgainIsAnotherOne) {
  mailbox_.Deliver("INBOX", kMail);
  Logged("a CREATE x\r\nb UID COPY 1 x\r\nc SELECT x\r\nd UNSELECT\r\n");
  EXPECT_TRUE(views_.Find(1, "x"));
  std::string out = Logged("a DELETE x\r\nb SELECT x\r\nc CREATE x\r\nd SELECT x\r\n");
  EXPECT_NE(out.find("b NO [NONEXISTENT]"), std::string::npos) << out;
  EXPECT_NE(out.find("d OK [READ-WRITE] Selected"), std::string::npos) << out;
  EXPECT_NE(out.find("* 0 EXISTS"), std::string::npos) << out;
}

TEST_F(ImapConnectionTest, FetchForms) {
  for (int i = 0; i < 5; ++i) mailbox_.Deliver("INBOX", kMail);
  EXPECT_EQ(
      Selected("a FETCH 1:2 (UID RFC822.SIZE FLAGS INTERNALDATE)\r\n"),
      "* 1 FETCH (UID 1 RFC822.SIZE 32 FLAGS () INTERNALDATE \"17-Jul-1996 02:44:25 +0000\")\r\n"
      "* 2 FETCH (UID 2 RFC822.SIZE 32 FLAGS () INTERNALDATE \"17-Jul-1996 02:44:25 +0000\")\r\na "
      "OK Done\r\n");
  EXPECT_EQ(
      Selected("a UID FETCH 3:* (BODY.PEEK[TEXT]<1.2> BODY.PEEK[HEADER.FIELDS (Subject)])\r\n"),
      "* 3 FETCH (UID 3 BODY[TEXT]<1> {2}\r\nod BODY[HEADER.FIELDS (Subject)] {15}\r\nSubject: "
      "hi\r\n\r\n)\r\n"
      "* 4 FETCH (UID 4 BODY[TEXT]<1> {2}\r\nod BODY[HEADER.FIELDS (Subject)] {15}\r\nSubject: "
      "hi\r\n\r\n)\r\n"
      "* 5 FETCH (UID 5 BODY[TEXT]<1> {2}\r\nod BODY[HEADER.FIELDS (Subject)] {15}\r\nSubject: "
      "hi\r\n\r\n)\r\n"
      "a OK Done\r\n");
  EXPECT_EQ(Selected("a FETCH 1 (BODY[2] BINARY.SIZE[1] BODYSTRUCTURE)\r\n"),
            "* 1 FETCH (BODY[2] NIL BINARY.SIZE[1] 6 BODYSTRUCTURE "
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 6 1 NIL NIL NIL NIL) "
            "FLAGS (\\Seen))\r\na OK Done\r\n");
  EXPECT_EQ(Selected("a FETCH 1 FLAGS\r\nb FETCH 9 FLAGS\r\n"),
            "* 1 FETCH (FLAGS (\\Seen))\r\na OK Done\r\nb BAD No such message\r\n");
}

// RFC 9051 6.4.5
// RFC 8474 5, RFC 8514 4, RFC 8970
TEST_F(ImapConnectionTest, LargeMessagesComeInPieces) {
  std::string body;
  while (body.size() < (2 << 20))
    body += "0123456789012345678901234567890123456789012345678901234567890\r\n";
  body[100] = '\0';
  std::string mail = "Subject: big\r\n\r\n" + body;
  mailbox_.Deliver("INBOX", mail);
  std::string expected = mail;
  std::replace(expected.begin(), expected.end(), '\0', '\x80');
  EXPECT_EQ(Selected("a FETCH 1 BODY.PEEK[]\r\n"), "* 1 FETCH (BODY[] {" +
                                                       std::to_string(mail.size()) + "}\r\n" +
                                                       expected + ")\r\na OK Done\r\n");
  EXPECT_EQ(Selected("a FETCH 1 (BODY.PEEK[HEADER] BODY.PEEK[TEXT]<1000000.3>)\r\n"),
            "* 1 FETCH (BODY[HEADER] {16}\r\nSubject: big\r\n\r\n BODY[TEXT]<1000000> {3}\r\n" +
                body.substr(1'000'000, 3) + ")\r\na OK Done\r\n");
}

TEST_F(ImapConnectionTest, StoreAndExpunge) {
  for (int i = 0; i < 3; ++i) mailbox_.Deliver("INBOX", kMail);
  EXPECT_EQ(
      Selected(
          "a STORE 1,3 +FLAGS (\\Deleted)\r\nb UID STORE 2 FLAGS.SILENT (x)\r\nc UID EXPUNGE 9\r\n"
          "d EXPUNGE\r\ne FETCH 1 FLAGS\r\n"),
      "* 1 FETCH (UID 1 FLAGS (\\Deleted))\r\n* 3 FETCH (UID 3 FLAGS (\\Deleted))\r\na OK "
      "Done\r\nb OK Done\r\n"
      "c OK Done\r\n* 3 EXPUNGE\r\n* 1 EXPUNGE\r\nd OK Done\r\n* 1 FETCH (FLAGS (x))\r\ne OK "
      "Done\r\n");
  EXPECT_EQ(Selected("a STORE 1 (UNCHANGEDSINCE 1) +FLAGS (y)\r\n"), "a OK [MODIFIED 1] Done\r\n");
}

TEST_F(ImapConnectionTest, CopyMoveAppendSearch) {
  mailbox_.Add("Archive");
  for (int i = 0; i < 3; ++i) mailbox_.Deliver("INBOX", kMail);
  EXPECT_EQ(Selected("a COPY 1:2 Archive\r\nb COPY 1 none\r\nc UID MOVE 2 Archive\r\nd APPEND "
                     "INBOX {3+}\r\nabc\r\n"
                     "e SEARCH TEXT abc\r\nf UID SEARCH RETURN (MIN COUNT) ALL\r\ng SEARCH UID "
                     "1\r\nh APPEND no {1+}\r\nx\r\n"),
            "a OK [COPYUID 7 1:2 1:2] Copied\r\nb NO [TRYCREATE] No such mailbox\r\n"
            "* OK [COPYUID 7 2 3] Moved\r\n* 2 EXPUNGE\r\nc OK Moved\r\n"
            "* 3 EXISTS\r\nd OK [APPENDUID 7 4] Appended\r\n* SEARCH 3\r\ne OK Done\r\n"
            "* ESEARCH (TAG \"f\") UID MIN 1 COUNT 3\r\nf OK Done\r\n* SEARCH 1\r\ng OK Done\r\n"
            "h NO [TRYCREATE] No such mailbox\r\n");
}

// RFC 7162 3.2.5
// RFC 7162 3.2.6, RFC 9051 7.5.1: what a command brings to light is told before its answer, but no
// EXPUNGE while sequence numbers are in use.
// RFC 5256, RFC 5267 3, RFC 9394
// RFC 5182 2.4: MIN and MAX save what they tell.
// RFC 8508
// RFC 3502, RFC 6855 4
// RFC 5464
// RFC 6154 3, RFC 7889 3
TEST_F(ImapConnectionTest, IdleHearsOfChanges) {
  mailbox_.Deliver("INBOX", kMail);
  mailbox_.OnWait([this] {
    mailbox_.Deliver("INBOX", kMail);
    mailbox_.Remove("INBOX", 1);
  });
  std::string out = Talk({"x LOGIN ann secret\r\ny SELECT INBOX\r\n", "a IDLE\r\n", "DONE\r\n"});
  EXPECT_NE(out.find("+ idling\r\n* 1 EXPUNGE\r\n* 1 EXISTS\r\na OK Idle completed\r\n"),
            std::string::npos)
      << out;
}

TEST_F(ImapConnectionTest, StoreAwayIsNeverAnEmptyMailbox) {
  mailbox_.Deliver("INBOX", kMail);
  mailbox_.FailWith(UnavailableError("away"));
  EXPECT_EQ(
      Logged("a SELECT INBOX\r\nb LIST \"\" *\r\nc STATUS INBOX (MESSAGES)\r\nd APPEND INBOX "
             "{1+}\r\nx\r\n"),
      "a NO [UNAVAILABLE] Temporarily unavailable\r\nb NO [UNAVAILABLE] Temporarily unavailable\r\n"
      "c NO [UNAVAILABLE] Temporarily unavailable\r\nd NO [UNAVAILABLE] Temporarily "
      "unavailable\r\n");
}

TEST_F(ImapConnectionTest, AppendOfUnknownOutcomeIsRepeatedOnce) {
  mailbox_.LoseAnswers(1);
  EXPECT_EQ(Logged("a APPEND INBOX {1+}\r\nx\r\n"), "a OK [APPENDUID 7 1] Appended\r\n");
  EXPECT_EQ(mailbox_.Find("INBOX")->messages.size(), 1u);
  mailbox_.LoseAnswers(2);
  EXPECT_EQ(Logged("a APPEND INBOX {1+}\r\nx\r\n"),
            "a NO [UNAVAILABLE] Temporarily unavailable\r\n");
}

// RFC 4978
TEST_F(ImapConnectionTest, AnyOperationMayFail) {
  mailbox_.Deliver("INBOX", kMail);
  std::deque<std::string> input = {"x LOGIN ann secret\r\n", "y SELECT INBOX\r\n",
                                   "a FETCH 1 BODY[]\r\nb IDLE\r\n", "DONE\r\nc LOGOUT\r\n"};
  Talk(input);
  int all = operations_;
  for (int i = 0; i < all; ++i) Talk(input, i);
}

}  // namespace
}  // namespace pennypost::access
