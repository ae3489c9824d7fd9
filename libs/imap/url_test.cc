#include "imap/url.h"

#include <gtest/gtest.h>

namespace pennypost::imap {
namespace {

TEST(MessageUrl, Forms) {
  Section header;
  header.text = Section::Text::kHeader;
  Section mime;
  mime.part = {1, 2};
  mime.text = Section::Text::kMime;
  Section fields;
  fields.text = Section::Text::kHeaderFields;
  fields.fields = {"To", "Subject"};
  struct Row {
    std::string_view url;
    MessageUrl expected;
  } rows[] = {
      {"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER",
       {"Drafts", 385759045, 20, header, {}}},
      {"/Drafts/;UID=20", {"Drafts", {}, 20, {}, {}}},
      {"/inbox/;uid=4294967295/;Section=1.2.MIME", {"INBOX", {}, 4294967295, mime, {}}},
      {"/a/b%2Fc/d/;UID=1/;PARTIAL=10.20", {"a/b/c/d", {}, 1, {}, {{10, 20}}}},
      {"/%E2%82%AC%20x%3B/;UID=1/;SECTION=HEADER/;PARTIAL=0",
       {"\u20ac x;", {}, 1, header, {{0, {}}}}},
      {"/a/;UID=1/;SECTION=HEADER.FIELDS%20(To%20%22Subject%22)", {"a", {}, 1, fields, {}}},
      {";UID=7/;SECTION=HEADER", {"", {}, 7, header, {}}},
  };
  for (const Row& row : rows) {
    auto url = ParseMessageUrl(row.url);
    ASSERT_TRUE(url.ok()) << row.url << " " << url.status();
    EXPECT_EQ(*url, row.expected) << row.url;
  }
}

TEST(MessageUrl, Refused) {
  for (std::string_view url : {"",
                               "/",
                               "//",
                               "/a",
                               "/a/",
                               "/a/;UID=",
                               "/a/;UID=0",
                               "/a/;UID=x",
                               "/a/;UID=4294967296",
                               "imap://joe@example.com/INBOX/;UID=1",
                               "//example.com/INBOX/;UID=1",
                               "INBOX/;UID=1",
                               "/a;UIDVALIDITY=0/;UID=1",
                               "/a;UIDVALIDITY=/;UID=1",
                               "/a;X=1/;UID=1",
                               "/;UID=1",
                               "/a/;UID=1/;SECTION=",
                               "/a/;UID=1/;SECTION=X",
                               "/a/;UID=1/;SECTION=1]",
                               "/a/;UID=1/x",
                               "/a/;UID=1/;PARTIAL=",
                               "/a/;UID=1/;PARTIAL=1.0",
                               "/a/;UID=1/;PARTIAL=1.x",
                               "/a/;UID=1/;PARTIAL=1/;SECTION=1",
                               "/a/;UID=1;URLAUTH=anonymous",
                               "/a%/;UID=1",
                               "/a%0/;UID=1",
                               "/a%zz/;UID=1",
                               "/a%00b/;UID=1",
                               "/%FF/;UID=1",
                               "/a?SUBJECT%20x",
                               "/a/;UID=1?x",
                               "/a/;SECTION=1/;UID=1"}) {
    EXPECT_FALSE(ParseMessageUrl(url).ok()) << url;
  }
  EXPECT_FALSE(ParseMessageUrl("/" + std::string(9000, 'a') + "/;UID=1").ok());
}

TEST(MessageUrl, InAResponseCode) {
  EXPECT_EQ(UrlForResponse("/a/;UID=1/;SECTION=1.MIME"), "/a/;UID=1/;SECTION=1.MIME");
  EXPECT_EQ(UrlForResponse("/x]\r\n\x80 \""), "/x%5D%0D%0A%80%20%22");
}

}  // namespace
}  // namespace pennypost::imap
