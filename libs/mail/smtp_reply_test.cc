#include "mail/smtp_reply.h"

#include <gtest/gtest.h>

namespace pennypost::mail {
namespace {

std::string Rendered(const SmtpReply& reply) {
  std::string out;
  AppendReply(reply, out);
  return out;
}

TEST(SmtpReply, RendersLines) {
  EXPECT_EQ(Rendered({250, "2.1.0", "ok"}), "250 2.1.0 ok\r\n");
  EXPECT_EQ(Rendered({354, "", "go on"}), "354 go on\r\n");
  EXPECT_EQ(Rendered({550, "5.7.1", "no\nnever"}), "550-5.7.1 no\r\n550 5.7.1 never\r\n");
  EXPECT_EQ(Rendered({250, "", "a\nb\nc"}), "250-a\r\n250-b\r\n250 c\r\n");
}

TEST(SmtpReply, TextCannotForgeAReply) {
  EXPECT_EQ(Rendered({550, "5.1.1", "x\r\n250 ok"}), "550-5.1.1 x?\r\n550 5.1.1 250 ok\r\n");
  EXPECT_EQ(Rendered({550, "5.1.1", std::string("a\0b\x7F", 4)}), "550 5.1.1 a?b?\r\n");
}

TEST(SmtpReply, ToStringIsOneLine) {
  EXPECT_EQ((SmtpReply{450, "4.7.1", "a\nb\r"}).ToString(), "450 4.7.1 a b ");
}

TEST(SmtpReply, EnhancedCodes) {
  EXPECT_EQ(EnhancedCodeLength("5.1.1 x"), 5u);
  EXPECT_EQ(EnhancedCodeLength("4.123.456"), 9u);
  for (std::string_view bad :
       {"", "5.1", "3.1.1 x", "5.1.1x", "5..1 x", "5.1234.1 x", "5.1.1.1 x", "5.1. x"}) {
    EXPECT_EQ(EnhancedCodeLength(bad), 0u) << bad;
  }
}

}  // namespace
}  // namespace pennypost::mail
