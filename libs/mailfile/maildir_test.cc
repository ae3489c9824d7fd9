#include "mailfile/maildir.h"

#include <gtest/gtest.h>

#include "mailfile/flags.h"
#include "mailfile/line_ends.h"

namespace pennypost::mailfile {
namespace {

using Words = std::vector<std::string>;

TEST(Maildir, NamesHoldFlags) {
  KeywordTable table = KeywordTable::Parse("0 $Label1\n1 NonJunk\nx y\n99 z\n25 last\nbad\n");
  MaildirName name = ParseMaildirName("1.M2P3.host,S=5,W=6:2,FSab", table);
  EXPECT_EQ(name.unique, "1.M2P3.host,S=5,W=6");
  EXPECT_EQ(name.flags, (Words{"\\Flagged", "\\Seen", "$Label1", "NonJunk"}));
  EXPECT_EQ(ParseMaildirName("1.x:2,DPRTz", table).flags,
            (Words{"\\Draft", "$Forwarded", "\\Answered", "\\Deleted", "last"}));
  EXPECT_TRUE(ParseMaildirName("1.x:2,cQ!S", table).flags == Words{"\\Seen"});
  EXPECT_TRUE(ParseMaildirName("1.x", table).flags.empty());
  EXPECT_TRUE(ParseMaildirName("1.x:1,S", table).flags.empty());
  EXPECT_EQ(table.ToFile(), "0 $Label1\n1 NonJunk\n25 last\n");
}

TEST(Maildir, FlagsMakeNames) {
  KeywordTable table;
  MaildirFlags made = MakeMaildirFlags({"\\Seen", "work", "\\Draft", "$Forwarded", "Work"}, table);
  EXPECT_EQ(made.suffix, ":2,DPSaab");
  EXPECT_EQ(ParseMaildirName("u" + made.suffix, table).flags,
            (Words{"\\Draft", "$Forwarded", "\\Seen", "work"}));
  Words many;
  for (int i = 0; i < 30; ++i) many.push_back("k" + std::to_string(i));
  made = MakeMaildirFlags(many, table);
  EXPECT_EQ(made.lost, (Words{"k24", "k25", "k26", "k27", "k28", "k29"}));
}

TEST(Maildir, FoldersAreDirectories) {
  EXPECT_EQ(FolderOfDirectory(".Sent.2026"), "Sent/2026");
  EXPECT_EQ(FolderOfDirectory(".Entw&APw-rfe"), "Entwürfe");
  EXPECT_EQ(FolderOfDirectory(".Entwürfe"), "Entwürfe");
  EXPECT_EQ(FolderOfDirectory(".R&D"), "R&D");
  EXPECT_EQ(FolderOfDirectory(".a/b"), "a_b");
  for (const char* none : {".", "..", "", "cur", ".a..b", ".a.", ".\xff"})
    EXPECT_FALSE(FolderOfDirectory(none)) << none;
  for (const char* folder : {"Sent", "Sent/2026", "Entwürfe/R&D", "a.b/c.", "..", ".", "INBOX/x",
                             "日本/語.", "&AC4-", "-&-", "inbox"}) {
    std::string directory = DirectoryOfFolder(folder);
    EXPECT_EQ(directory[0], '.');
    EXPECT_EQ(directory.find('/'), std::string::npos);
    EXPECT_NE(directory, "..");
    EXPECT_EQ(FolderOfDirectory(directory), folder) << directory;
  }
  EXPECT_EQ(DirectoryOfFolder("INBOX"), "");
}

TEST(Maildir, FlagsAreCleaned) {
  EXPECT_EQ(
      CleanFlags({"\\seen", "\\Recent", "\\*", "a b", "", "x", "X", "k(", std::string(101, 'a')}),
      (Words{"\\Seen", "x"}));
}

TEST(LineEnds, BothWays) {
  EXPECT_EQ(ToCrlf("a\nb\r\nc\rd\n\n"), "a\r\nb\r\nc\rd\r\n\r\n");
  EXPECT_EQ(ToLf("a\r\nb\r\nc\rd\r\r\n"), "a\nb\nc\rd\r\n");
  for (std::string text : {std::string("\n"), std::string("a\0b\n", 4), std::string("no end"),
                           std::string("\r"), std::string("\n\n\r"), std::string()})
    EXPECT_EQ(ToLf(ToCrlf(text)), text);
}

}  // namespace
}  // namespace pennypost::mailfile
