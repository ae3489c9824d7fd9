#include "mail/header.h"

#include <gtest/gtest.h>

namespace pennypost::mail {
namespace {

TEST(Header, SplitsFieldsAndKeepsTheBytes) {
  std::string_view message = "Subject: a\r\n folded\r\nTo:b@c\r\n\r\nbody: no";
  HeaderBlock block = ParseHeaderBlock(message);
  ASSERT_EQ(block.fields.size(), 2u);
  EXPECT_EQ(block.fields[0].raw, "Subject: a\r\n folded\r\n");
  EXPECT_EQ(Unfold(block.fields[0].value), "a folded");
  EXPECT_EQ(block.Find("TO")->value, "b@c");
  EXPECT_EQ(message.substr(block.size), "body: no");
}

TEST(Header, ALineWithoutColonStartsTheBody) {
  HeaderBlock block = ParseHeaderBlock("A: b\r\nno colon here\r\nC: d\r\n");
  EXPECT_EQ(block.fields.size(), 1u);
  EXPECT_EQ(block.size, 6u);
}

TEST(Header, LimitsStopTheWork) {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "X: y\r\n";
  HeaderBlock block = ParseHeaderBlock(many);
  EXPECT_TRUE(block.truncated);
  EXPECT_EQ(block.fields.size(), 4096u);
}

}  // namespace
}  // namespace pennypost::mail
