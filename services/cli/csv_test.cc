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
  EXPECT_EQ((*records)[0].fields, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*records)[1].fields, (std::vector<std::string>{"x,\"y\"\nz", ""}));
  EXPECT_EQ((*records)[2].fields, (std::vector<std::string>{"", "q"}));
  EXPECT_EQ((*records)[0].line, 1);
  EXPECT_EQ((*records)[1].line, 3);
  EXPECT_EQ((*records)[2].line, 5) << "a field may go over lines";
}

TEST(Csv, BadQuotesAreNamed) {
  EXPECT_EQ(MessageOf(ParseCsv("a\nb\"c,d\n").status()),
            "line 2: a quote in the middle of a field");
  EXPECT_EQ(MessageOf(ParseCsv("x\n\"a\n\n").status()), "line 2: a quoted field has no end");
  EXPECT_FALSE(ParseCsv("\"a\"b").ok());
}

}  // namespace
}  // namespace pennypost::cli
