#include "base/text.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/id.h"
#include "base/status.h"

namespace pennypost {
namespace {

TEST(Text, ParseUintTakesWholeNumbersOnly) {
  EXPECT_EQ(ParseUint("42"), 42u);
  EXPECT_EQ(ParseUint("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616"}) {
    EXPECT_EQ(ParseUint(bad), std::nullopt) << bad;
  }
}

TEST(Text, Utf8RefusesOverlongAndSurrogates) {
  EXPECT_TRUE(IsUtf8("gr\xC3\xBC\xC3\x9F"));
  EXPECT_TRUE(IsUtf8("\xF0\x9F\x93\xAC"));
  for (const char* bad :
       {"\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(bad));
  }
}

TEST(Base64, RoundTripAndStrictness) {
  for (std::string text : {"", "f", "fo", "foo", "foob"}) {
    EXPECT_EQ(Base64Decode(Base64Encode(text)), text);
  }
  EXPECT_EQ(Base64Encode("foobar"), "Zm9vYmFy");
  for (const char* bad : {"Zg=", "Zg", "Z===", "Zh==", "Zm9=Zm9v", "Zm 9", "===="}) {
    EXPECT_EQ(Base64Decode(bad), std::nullopt) << bad;
  }
}

TEST(Uuid, PrintsAndParses) {
  Uuid id = NewUuidV7(absl::FromUnixMillis(0x0123456789AB));
  std::string text = id.ToString();
  EXPECT_EQ(text.substr(0, 13), "01234567-89ab");
  EXPECT_EQ(text[14], '7');
  EXPECT_EQ(Uuid::FromString(text), id);
  EXPECT_EQ(Uuid::FromString("01234567x89ab-7000-8000-000000000000"), std::nullopt);
  EXPECT_EQ(UuidV5(id, "dsn"), UuidV5(id, "dsn"));
  EXPECT_NE(UuidV5(id, "dsn"), UuidV5(id, "dsn2"));
}

TEST(Status, ReasonTravelsAndHasADefault) {
  EXPECT_EQ(ReasonOf(MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota, "full")),
            Reason::kOverQuota);
  EXPECT_EQ(ReasonOf(absl::UnavailableError("x")), Reason::kBackendDown);
  EXPECT_EQ(ReasonFromName(ReasonName(Reason::kCorrupt)), Reason::kCorrupt);
}

}  // namespace
}  // namespace pennypost
