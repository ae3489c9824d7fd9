#include "services/cli/csv.h"

#include <gtest/gtest.h>

namespace pennypost::cli {
namespace {

TEST(Csv, FieldsQuotesAndEmptyLines) {
  auto records = ParseCsv(
      "\xEF\xBB\xBF"
      "a,b\r\n\r\n\"x,\"\"y\"\"\nz\",\n\"\",q");
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 3u);
  EXPECT_EQ((*records)[0], (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*records)[1], (std::vector<std::string>{"x,\"y\"\nz", ""}));
  EXPECT_EQ((*records)[2], (std::vector<std::string>{"", "q"}));
}

TEST(Csv, BadQuotesAreNamed) {
  EXPECT_EQ(MessageOf(ParseCsv("a\nb\"c,d\n").status()),
            "line 2: a quote in the middle of a field");
  EXPECT_FALSE(ParseCsv("\"a").ok());
  EXPECT_FALSE(ParseCsv("\"a\"b").ok());
}

}  // namespace
}  // namespace pennypost::cli
