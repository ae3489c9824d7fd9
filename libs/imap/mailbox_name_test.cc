#include "imap/mailbox_name.h"

#include <gtest/gtest.h>

namespace pennypost::imap {
namespace {

TEST(MailboxName, ModifiedUtf7) {
  struct Row {
    std::string_view utf8;
    std::string_view wire;
  } rows[] = {
      {"INBOX", "INBOX"},
      {"a&b", "a&-b"},
      {"Entw\u00fcrfe", "Entw&APw-rfe"},
      {"\u53f0\u5317", "&U,BTFw-"},
      {"~peter/mail/\u65e5\u672c\u8a9e/\u53f0\u5317", "~peter/mail/&ZeVnLIqe-/&U,BTFw-"},
      {"\U0001F600", "&2D3eAA-"},
      {"", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(EncodeUtf7(row.utf8), row.wire);
    EXPECT_EQ(DecodeUtf7(row.wire), row.utf8);
  }
}

TEST(MailboxName, DecodeRefusesWhatNobodyEncodes) {
  for (std::string_view text :
       {"&", "&A", "&AGE-", "&2D0-", "&3gA-", "&APw=-", "\xc3\xbc", "&A-", "&APz-"}) {
    EXPECT_EQ(DecodeUtf7(text), std::nullopt) << text;
  }
}

TEST(MailboxName, Normalizes) {
  EXPECT_EQ(*NormalizeMailbox("inbox"), "INBOX");
  EXPECT_EQ(*NormalizeMailbox("Inbox/x"), "INBOX/x");
  EXPECT_EQ(*NormalizeMailbox("inboxes"), "inboxes");
  EXPECT_EQ(*NormalizeMailbox("work/"), "work");
  EXPECT_EQ(*MailboxFromUtf7("Entw&APw-rfe"), "Entw\u00fcrfe");
  EXPECT_EQ(*MailboxFromUtf7("Entw\u00fcrfe"), "Entw\u00fcrfe");
  EXPECT_EQ(*MailboxFromUtf7("R&D"), "R&D");
  for (std::string_view name : {"/a", "a//b", "a\x01", "\xff"})
    EXPECT_FALSE(NormalizeMailbox(name).ok());
  EXPECT_FALSE(NormalizeMailbox(std::string(1001, 'a')).ok());
}

TEST(MailboxName, Patterns) {
  struct Row {
    std::string_view pattern;
    std::string_view name;
    bool matches;
  } rows[] = {
      {"*", "a/b", true},       {"%", "a", true},        {"%", "a/b", false},
      {"a/%", "a/b", true},     {"a/%", "a/b/c", false}, {"a*c", "a/b/c", true},
      {"inbox", "INBOX", true}, {"INB*", "INBOX", true}, {"", "", true},
      {"", "a", false},         {"%/%", "a/b", true},    {"a%b", "ab", true},
      {"**a**", "bab", true},
  };
  for (const Row& row : rows)
    EXPECT_EQ(MatchesPattern(row.pattern, row.name), row.matches) << row.pattern;
  std::string stars(1000, '*');
  stars.push_back('x');
  EXPECT_FALSE(MatchesPattern(stars, std::string(1000, 'a')));
}

TEST(MailboxName, OfOtherUsers) {
  EXPECT_FALSE(SplitOtherUsers("INBOX"));
  EXPECT_FALSE(SplitOtherUsers("Other Usersx/bob"));
  EXPECT_FALSE(SplitOtherUsers("other users/bob"));
  EXPECT_EQ(SplitOtherUsers("Other Users")->owner, "");
  EXPECT_EQ(SplitOtherUsers("Other Users/bob@x")->owner, "bob@x");
  EXPECT_EQ(SplitOtherUsers("Other Users/bob@x")->mailbox, "");
  EXPECT_EQ(SplitOtherUsers("Other Users/bob@x/Work/May")->owner, "bob@x");
  EXPECT_EQ(SplitOtherUsers("Other Users/bob@x/Work/May")->mailbox, "Work/May");
  EXPECT_EQ(JoinOtherUsers("bob@x", "Work/May"), "Other Users/bob@x/Work/May");
}

}  // namespace
}  // namespace pennypost::imap
