// CATENATE (RFC 4469) over the driver and its handlers.

#include "services/access/imap/connection_fixture.h"

namespace pennypost::access {
namespace {

constexpr char kParts[] =
    "From: a@b\r\nSubject: two\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n"
    "--q\r\nContent-Type: text/plain\r\n\r\none\r\n--q\r\nContent-Type: text/html\r\n\r\n<b>\r\n"
    "--q--\r\n";

TEST_F(ImapConnectionTest, CatenateTextAndParts) {
  mailbox_.Add("Drafts");
  mailbox_.Deliver("Drafts", kParts);
  EXPECT_EQ(
      Logged("a APPEND INBOX (\\Draft) CATENATE (URL "
             "\"/Drafts;UIDVALIDITY=7/;UID=1/;section=HEADER.FIELDS%20(Subject)\" "
             "TEXT {5+}\r\nnew\r\n URL /Drafts/;UID=1/;SECTION=2 URL "
             "\"/Drafts/;UID=1/;section=1/;partial=1.1\")\r\n"
             "b APPEND INBOX {2+}\r\nhi CATENATE (URL /Drafts/;UID=1) (\\Seen) CATENATE (TEXT "
             "{1+}\r\nx)\r\n"),
      "a OK [APPENDUID 7 1] Appended\r\nb OK [APPENDUID 7 2:4] Appended\r\n");
  const auto& messages = mailbox_.Find("INBOX")->messages;
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[0].content, "Subject: two\r\n\r\nnew\r\n<b>n");
  EXPECT_EQ(messages[0].flags, std::vector<std::string>{"\\Draft"});
  EXPECT_EQ(messages[1].content, "hi");
  EXPECT_EQ(messages[2].content, kParts);
  EXPECT_EQ(messages[3].content, "x");
  EXPECT_TRUE(mailbox_.Find("Drafts")->messages[0].flags.empty()) << "no \\Seen";
}

TEST_F(ImapConnectionTest, CatenateFromTheSelectedMailbox) {
  mailbox_.Deliver("INBOX", kParts);
  EXPECT_EQ(Selected("a APPEND INBOX CATENATE (TEXT {2+}\r\nx: URL ;UID=1/;SECTION=1)\r\n"
                     "b UID REPLACE 1 INBOX CATENATE (URL \";UID=1/;section=1.MIME\")\r\n"),
            "* 2 EXISTS\r\na OK [APPENDUID 7 2] Appended\r\n"
            "* OK [APPENDUID 7 3] Stored\r\n* 1 EXPUNGE\r\n* 2 EXISTS\r\nb OK Replaced\r\n");
  EXPECT_EQ(mailbox_.Find("INBOX")->messages[0].content, "x:one");
  EXPECT_EQ(mailbox_.Find("INBOX")->messages[1].content, "Content-Type: text/plain\r\n\r\n");
}

// RFC 4469 4: which URL it was; and all or nothing.
TEST_F(ImapConnectionTest, CatenateRefusals) {
  mailbox_.Deliver("INBOX", kParts);
  for (std::string url :
       {"/INBOX/;UID=9", "/INBOX/;UID=1/;SECTION=3", "/none/;UID=1", "/INBOX;UIDVALIDITY=8/;UID=1",
        "imap://other/INBOX/;UID=1", ";UID=1", "x"}) {
    EXPECT_EQ(
        Logged("a APPEND INBOX CATENATE (TEXT {1+}\r\nx URL /INBOX/;UID=1 URL " + url + ")\r\n"),
        "a NO [BADURL " + url + "] The URL names no message or part of one here\r\n");
  }
  EXPECT_EQ(Logged("a APPEND INBOX CATENATE (URL \"/]\")\r\nb APPEND INBOX CATENATE ()\r\n"
                   "c APPEND INBOX CATENATE (TEXT x)\r\nd APPEND INBOX CATENATE (URL)\r\n"
                   "e APPEND none CATENATE (TEXT {1+}\r\nx)\r\n"
                   "f APPEND INBOX CATENATE (TEXT {0+}\r\n)\r\n"),
            "a NO [BADURL /%5D] The URL names no message or part of one here\r\n"
            "b BAD Expected URL or TEXT\r\nc BAD Expected \"{\"\r\nd BAD Missing argument\r\n"
            "e NO [TRYCREATE] No such mailbox\r\nf NO Empty message\r\n");
  EXPECT_EQ(mailbox_.Find("INBOX")->messages.size(), 1u);
}

// What comes out is bounded as what comes in: by size, and by the memory for messages.
TEST_F(ImapConnectionTest, CatenateWithinLimits) {
  mailbox_.Deliver("INBOX", "Subject: x\r\n\r\n" + std::string(100'000, 'x'));
  options_.max_message = 250'000;
  std::string three = "URL /INBOX/;UID=1 URL /INBOX/;UID=1 URL /INBOX/;UID=1";
  EXPECT_EQ(Logged("a APPEND INBOX CATENATE (" + three + ")\r\n"),
            "a NO [TOOBIG] The message would be too large\r\n");
  EXPECT_EQ(Logged("a APPEND INBOX CATENATE (URL /INBOX/;UID=1 URL /INBOX/;UID=1) CATENATE "
                   "(URL /INBOX/;UID=1)\r\n"),
            "a NO [TOOBIG] The message would be too large\r\n")
      << "together";
  options_.max_message = 1 << 20;
  BodyBudget small(250'000);
  options_.bodies = &small;
  options_.body_patience = absl::Milliseconds(200);
  EXPECT_EQ(Logged("a APPEND INBOX CATENATE (" + three + ")\r\n"),
            "a NO [UNAVAILABLE] No room here now, try again later\r\n");
  EXPECT_EQ(small.free(), 250'000) << "given back";
  EXPECT_EQ(Logged("a APPEND INBOX CATENATE (URL /INBOX/;UID=1)\r\n"),
            "a OK [APPENDUID 7 2] Appended\r\n");
  EXPECT_EQ(small.free(), 250'000);
  options_.bodies = &bodies_;
  mailbox_.FailWith(UnavailableError("away"));
  EXPECT_EQ(Logged("a APPEND INBOX CATENATE (URL /INBOX/;UID=1)\r\n"),
            "a NO [UNAVAILABLE] Temporarily unavailable\r\n");
}

}  // namespace
}  // namespace pennypost::access
