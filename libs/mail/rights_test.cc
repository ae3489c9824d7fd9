#include "mail/rights.h"

#include <gtest/gtest.h>

namespace pennypost::mail {
namespace {

TEST(RightsTest, AreWrittenInOneOrderEachOnce) {
  EXPECT_EQ(Rights::Parse("aerrl")->ToString(), "lrea");
  EXPECT_EQ(Rights::Parse("")->ToString(), "");
  EXPECT_TRUE(Rights::Parse("")->empty());
  EXPECT_EQ(Rights::All().ToString(), "lrswipkxtea");
}

TEST(RightsTest, LettersThatNameNoRightAreRefused) {
  EXPECT_FALSE(Rights::Parse("lrq"));
  EXPECT_FALSE(Rights::Parse("lR"));
  EXPECT_FALSE(Rights::Parse("l r"));
  EXPECT_FALSE(Rights::Parse("0"));
  EXPECT_FALSE(Rights::Parse(std::string_view("\0", 1)));
}

// RFC 4314 2.1.1
TEST(RightsTest, OldLettersStandForNewOnes) {
  EXPECT_EQ(Rights::Parse("c")->ToString(), "kx");
  EXPECT_EQ(Rights::Parse("lrswida")->ToString(), "lrswitea");
  EXPECT_EQ(Rights::Parse("lrk")->ForClients(), "lrkc");
  EXPECT_EQ(Rights::Parse("t")->ForClients(), "td");
  EXPECT_EQ(Rights::Parse("lr")->ForClients(), "lr");
  EXPECT_EQ(Rights::All().ForClients(), "lrswipkxteacd");
}

TEST(RightsTest, AddAndTakeAway) {
  Rights some = *Rights::Parse("lrs");
  EXPECT_EQ(some.With(*Rights::Parse("wr")).ToString(), "lrsw");
  EXPECT_EQ(some.Without(*Rights::Parse("sw")).ToString(), "lr");
  EXPECT_EQ(some.And(*Rights::Parse("swr")).ToString(), "rs");
  EXPECT_TRUE(some.Has('l'));
  EXPECT_FALSE(some.Has('a'));
  EXPECT_FALSE(some.Has('?'));
}

}  // namespace
}  // namespace pennypost::mail
