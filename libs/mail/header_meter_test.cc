#include "mail/header_meter.h"

#include <gtest/gtest.h>

namespace pennypost::mail {
namespace {

constexpr HeaderLimits kSmall{100, 4, 40, 5};

// The answer to the whole, which no split may change.
bool Fits(std::string_view message, const HeaderLimits& limits = kSmall) {
  HeaderMeter whole(limits);
  bool fits = whole.Take(message);
  HeaderMeter bytes(limits);
  bool by_bytes = true;
  for (char c : message) by_bytes = bytes.Take({&c, 1});
  EXPECT_EQ(fits, by_bytes) << message;
  return fits;
}

TEST(HeaderMeter, CountsFieldsAndTheirBytes) {
  EXPECT_TRUE(Fits(""));
  EXPECT_TRUE(Fits("a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\ne: 5\r\n"));
  EXPECT_FALSE(Fits("a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\ne: 5\r\n\r\n"));
  std::string value(35, 'x');  // with "a: " and CRLF 40
  EXPECT_TRUE(Fits("a: " + value + "\r\nb: " + value + "\r\n\r\n"));
  EXPECT_FALSE(Fits("a: " + value + "x\r\n\r\n"));
  EXPECT_FALSE(Fits("a: x\r\n " + value + "\r\n\r\n")) << "folds count";
  EXPECT_FALSE(Fits("a: " + value + "\r\nb: " + value + "\r\nc: " + value + "\r\n")) << "the sum";
}

TEST(HeaderMeter, CountsAddressesOverAllFields) {
  EXPECT_TRUE(Fits("To: a,b,c\r\nCC : d,e\r\nSubject: ,,,,,,,,\r\n\r\n"));
  EXPECT_FALSE(Fits("To: a,b,c\r\nCC : d,e\r\nresent-to: f\r\n\r\n"));
  EXPECT_FALSE(Fits("To: a,b\r\n ,c;d,e,f\r\n\r\n"));
}

TEST(HeaderMeter, TheBodyIsFree) {
  std::string body(1000, 'x');
  for (const char* header : {"a: b\r\n\r\n", "a: b\n\n", "\r\n", "no colon here\r\n", " folded\r\n",
                             ": no name\r\n", "a b: c\r\n"}) {
    EXPECT_TRUE(Fits(header + body + "\r\n")) << header;
  }
}

// The end of the header is where the parser sees it.
TEST(HeaderMeter, AgreesWithTheParser) {
  for (const char* message : {"a: b\r\n c\r\nd : e\r\n\r\nf: g\r\n", "a: b\r\nnone\r\nc: d\r\n",
                              "a:\r\n\r\n", "a\xC3: b\r\n", "a: b\r\n\t\r\n\r\n", "x"}) {
    size_t fields = ParseHeaderBlock(message).fields.size();
    EXPECT_TRUE(Fits(message, {1000, fields, 1000, 1000})) << message;
    if (fields == 0) continue;
    EXPECT_FALSE(Fits(message, {1000, fields - 1, 1000, 1000})) << message;
  }
}

}  // namespace
}  // namespace pennypost::mail
