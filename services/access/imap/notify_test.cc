// NOTIFY (RFC 5465) over the driver and its handlers.

#include "services/access/imap/connection_fixture.h"

namespace pennypost::access {
namespace {

class NotifyTest : public ImapConnectionTest {
 protected:
  // What the server says after `commands`, when the client waits and `action` happens meanwhile.
  std::string Hears(const std::string& commands, std::function<void()> action) {
    mailbox_.OnWait(std::move(action));
    std::string out = Talk({"x LOGIN ann secret\r\n" + commands, "z LOGOUT\r\n"});
    size_t begin = out.find("Logged in\r\n");
    EXPECT_NE(begin, std::string::npos) << out;
    size_t end = out.find("* BYE Logging out");
    return begin == std::string::npos ? out : out.substr(begin + 11, end - begin - 11);
  }
};

TEST_F(NotifyTest, OtherMailboxes) {
  mailbox_.Add("Lists");
  mailbox_.Add("Lists/a");
  mailbox_.Deliver("Lists/a", kMail);
  EXPECT_EQ(Hears("a NOTIFY SET STATUS (subtree Lists (MessageNew MessageExpunge))\r\n",
                  [this] {
                    mailbox_.Deliver("Lists", kMail);
                    mailbox_.Deliver("INBOX", kMail);
                  }),
            "* STATUS Lists (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 7)\r\n"
            "* STATUS Lists/a (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)\r\na OK Done\r\n"
            "* STATUS Lists (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)\r\n");
  EXPECT_EQ(
      Hears("e ENABLE CONDSTORE\r\n"
            "a NOTIFY SET (mailboxes (INBOX none) (MessageNew MessageExpunge FlagChange))\r\n",
            [this] { mailbox_.Remove("INBOX", 1); }),
      "* ENABLED CONDSTORE\r\ne OK Done\r\na OK Done\r\n"
      "* STATUS INBOX (MESSAGES 0 UIDNEXT 2 UIDVALIDITY 7 UNSEEN 0 HIGHESTMODSEQ 5)\r\n");
}

TEST_F(NotifyTest, TheSelectedMailbox) {
  for (int i = 0; i < 2; ++i) mailbox_.Deliver("INBOX", kMail);
  const std::string select = "s SELECT INBOX\r\n";
  auto behind = [](const std::string& out) { return out.substr(out.find("] Selected\r\n") + 12); };
  EXPECT_EQ(
      behind(Hears(select + "a NOTIFY SET (selected (MessageNew (UID BODY[TEXT]) MessageExpunge)) "
                            "(personal (MessageNew MessageExpunge))\r\n"
                            "b APPEND INBOX {1+}\r\nx\r\n",
                   [this] {
                     mailbox_.Deliver("INBOX", kMail);
                     mailbox_.Remove("INBOX", 1);
                   })),
      "a OK Done\r\n* 3 EXISTS\r\nb OK [APPENDUID 7 3] Appended\r\n"
      "* 1 EXPUNGE\r\n* 3 EXISTS\r\n* 3 FETCH (UID 4 BODY[TEXT] {6}\r\nbody\r\n)\r\n")
      << "nothing of the client's own message, nothing twice, no \\Seen";
  EXPECT_EQ(behind(Hears(select + "a NOTIFY SET (selected-delayed (MessageNew MessageExpunge))\r\n",
                         [this] {
                           mailbox_.Deliver("INBOX", kMail);
                           mailbox_.Remove("INBOX", 2);
                         })),
            "a OK Done\r\n* 4 EXISTS\r\n");
  EXPECT_EQ(behind(Hears(select + "a NOTIFY SET (selected (MessageNew MessageExpunge))\r\n"
                                  "b NOTIFY NONE\r\n",
                         nullptr)),
            "a OK Done\r\nb OK Done\r\n");
}

TEST_F(NotifyTest, NamesAndSubscriptions) {
  mailbox_.Add("a");
  mailbox_.Add("a/b");
  mailbox_.Add("old");
  EXPECT_EQ(Hears("n NOTIFY SET (personal (MailboxName SubscriptionChange))\r\n"
                  "c CREATE mine\r\nd SUBSCRIBE mine\r\n",
                  [this] {
                    mailbox_.Rename("a", "c");
                    mailbox_.Rename("a/b", "c/b");
                    mailbox_.Drop("old");
                    mailbox_.Add("old/new");
                    mailbox_.Find("INBOX")->subscribed = true;
                    mailbox_.Deliver("INBOX", kMail);
                  }),
            "n OK Done\r\nc OK [MAILBOXID (F1-5)] Done\r\nd OK Done\r\n"
            "* LIST (\\Subscribed \\HasNoChildren) \"/\" INBOX\r\n"
            "* LIST (\\HasChildren) \"/\" c (\"OLDNAME\" (a))\r\n"
            "* LIST (\\HasNoChildren) \"/\" old/new\r\n"
            "* LIST (\\NonExistent \\HasChildren) \"/\" old\r\n");
}

TEST_F(NotifyTest, Refusals) {
  EXPECT_EQ(Logged("a NOTIFY SET (selected (MessageNew MessageExpunge AnnotationChange))\r\n"
                   "b NOTIFY SET (personal (MailboxMetadataChange))\r\n"),
            "a NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)] "
            "Unsupported event\r\n"
            "b NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)] "
            "Unsupported event\r\n");
  for (int i = 0; i < 1000; ++i) mailbox_.Add("m" + std::to_string(i));
  EXPECT_EQ(Logged("a NOTIFY SET STATUS (personal (MessageNew MessageExpunge))\r\n"),
            "a NO [NOTIFICATIONOVERFLOW] Too many mailboxes\r\n");
  std::string out = Hears("a NOTIFY SET (personal (MailboxName))\r\n", [this] {
    for (int i = 0; i < 1000; ++i)
      mailbox_.Rename("m" + std::to_string(i), std::string(100, 'n') + std::to_string(i));
    mailbox_.Deliver("INBOX", kMail);
  });
  EXPECT_EQ(out, "a OK Done\r\n* OK [NOTIFICATIONOVERFLOW] Too much changed at once\r\n");
}

// RFC 5465 7: a search sends what it was told to of a new message, NOTIFY and it together once.
TEST_F(NotifyTest, SearchesSendNewMessages) {
  mailbox_.Deliver("INBOX", kMail);
  mailbox_.OnWait([this] {
    mailbox_.Deliver("INBOX", kMail);
    mailbox_.Deliver("INBOX", "Subject: other\r\n\r\nx\r\n");
  });
  std::string out =
      Talk({"x LOGIN ann secret\r\ny SELECT INBOX\r\n"
            "s SEARCH RETURN (COUNT UPDATE (UID RFC822.SIZE)) TEXT body\r\n"
            "n NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge))\r\n",
            "z LOGOUT\r\n"});
  EXPECT_NE(out.find("n OK Done\r\n* 3 EXISTS\r\n* ESEARCH (TAG \"s\") ADDTO (0 2)\r\n"
                     "* 2 FETCH (UID 2 FLAGS () RFC822.SIZE 32)\r\n* 3 FETCH (UID 3 FLAGS ())\r\n"),
            std::string::npos)
      << out;
}

}  // namespace
}  // namespace pennypost::access
