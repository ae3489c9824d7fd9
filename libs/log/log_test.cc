#include "log/log.h"

#include <gtest/gtest.h>

namespace pennypost::log {
namespace {

TEST(Log, PeersCannotForgeARecord) {
  ASSERT_TRUE(Init("test", "info", "json").ok());
  std::string line =
      Render(Level::kInfo, "x.y", {{"helo", "a\"\r\n{\xFF"}, {"n", 3}, {"empty", ""}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_NE(line.find(R"("helo":"a\"\u000d\u000a{\u00ff","n":3})"), std::string::npos) << line;
  EXPECT_EQ(line.find("empty"), std::string::npos);
}

TEST(Log, RefusesUnknownSettings) {
  EXPECT_FALSE(Init("test", "loud", "json").ok());
  EXPECT_FALSE(Init("test", "info", "xml").ok());
  ASSERT_TRUE(Init("test", "warning", "plain").ok());
  EXPECT_FALSE(Enabled(Level::kInfo));
  EXPECT_TRUE(Enabled(Level::kError));
}

}  // namespace
}  // namespace pennypost::log
