#include "mime/text.h"

#include <gtest/gtest.h>

#include <ctime>

#include "base/text.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/encoded_word.h"
#include "mime/preview.h"
#include "mime/thread.h"

namespace pennypost::mime {
namespace {

TEST(Decode, Base64IsLenient) {
  EXPECT_EQ(DecodeBase64("aGVsbG8="), "hello");
  EXPECT_EQ(DecodeBase64("aGVs\r\n bG8"), "hello");
  EXPECT_EQ(DecodeBase64("aGVsbG8=aGVsbG8="), "hellohello");
  EXPECT_EQ(DecodeBase64("!!!"), "");
  EXPECT_EQ(DecodeBase64("a"), "");
}

TEST(Decode, QuotedPrintableIsLenient) {
  EXPECT_EQ(DecodeQuotedPrintable("a=3Db=3d"), "a=b=");
  EXPECT_EQ(DecodeQuotedPrintable("soft=\r\nbreak=  \nhere"), "softbreakhere");
  EXPECT_EQ(DecodeQuotedPrintable("space  \r\nend"), "space\r\nend");
  EXPECT_EQ(DecodeQuotedPrintable("=2"), "=2");
  EXPECT_EQ(DecodeQuotedPrintable("=zz"), "=zz");
  EXPECT_EQ(DecodeQuotedPrintable("x="), "x");
}

TEST(EncodedWord, DecodesEveryForm) {
  struct Row {
    std::string_view value;
    std::string_view expected;
  } rows[] = {
      {" plain", "plain"},
      {"=?utf-8?Q?J=C3=B6rg_x?=", "J\u00f6rg x"},
      {"=?ISO-8859-1?q?a=E9?= b", "a\u00e9 b"},
      {"=?utf-8?B?SsO2?= =?utf-8?B?cmc=?=", "J\u00f6rg"},
      {"=?utf-8?B?SsM=?=\r\n =?utf-8?B?tnJn?=", "J\u00f6rg"},
      {"a =?utf-8?Q?b?= c =?utf-8?Q?d?=", "a b c d"},
      {"=?utf-8*de?Q?x?=", "x"},
      {"=?utf-8?X?x?=", "=?utf-8?X?x?="},
      {"=?utf-8?Q?open", "=?utf-8?Q?open"},
      {"=?=?=?", "=?=?=?"},
      {"=?utf-8?Q?=41?=", "A"},
      {"=?koi8-r?B?8NLJ18XU?=", "\u041f\u0440\u0438\u0432\u0435\u0442"},
      {"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\u65e5\u672c"},
      {"=?gb2312?B?1tDOxA==?=", "\u4e2d\u6587"},
      {"raw \xfc", "raw \u00fc"},
      {"raw \u00fc", "raw \u00fc"},
  };
  for (const Row& row : rows) EXPECT_EQ(DecodeHeader(row.value), row.expected) << row.value;
}

TEST(EncodedWord, HostileFieldsTakeLinearTime) {
  std::string starts;
  for (int i = 0; i < 1 << 17; ++i) starts += "=?a?q?b";
  for (const std::string& value : {starts, "=?utf-8?B?" + std::string(1 << 20, 'A')}) {
    std::clock_t begin = std::clock();
    EXPECT_TRUE(IsUtf8(DecodeHeader(value)));
    EXPECT_LT(std::clock() - begin, 1 * CLOCKS_PER_SEC);
  }
}

TEST(Charset, AlwaysGivesUtf8) {
  for (std::string_view charset :
       {"", "utf-8", "utf-7", "utf-16", "big5", "shift_jis", "none", "a,b"}) {
    EXPECT_TRUE(IsUtf8(ToUtf8("\xff\xfe\x80 text \xed\xa0\x80", charset))) << charset;
  }
  EXPECT_TRUE(IsKnownCharset("UTF-8"));
  EXPECT_TRUE(IsKnownCharset("koi8-r"));
  EXPECT_FALSE(IsKnownCharset("x-none"));
  EXPECT_EQ(FoldCase("\u00c4PFEL"), "\u00e4pfel");
}

TEST(Text, HtmlBecomesWords) {
  EXPECT_EQ(HtmlToText("<p>a &amp; b</p><style>x{}</style><b>c</b>&#228;&#xe4;"),
            "a & b c \u00e4\u00e4");
  EXPECT_EQ(HtmlToText("a<!-- <b> -->c"), "a c");
  EXPECT_EQ(HtmlToText("a & b &unknown; <open"), "a & b &unknown; ");
}

TEST(Text, ExtractsEveryTextPart) {
  std::string_view message =
      "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\n"
      "caf=E9\r\n--b\r\nContent-Type: text/html\r\n\r\n<i>tea</i>\r\n"
      "--b\r\nContent-Type: image/png\r\n\r\nxxx\r\n--b--\r\n";
  EXPECT_EQ(ExtractText(message, ParseStructure(message)), "caf\u00e9\ntea \n");
}

TEST(Thread, MessageIds) {
  EXPECT_EQ(ParseMessageIds("<a@b> (c) <d@e>\r\n <f@g>"),
            (std::vector<std::string>{"a@b", "d@e", "f@g"}));
  EXPECT_EQ(ParseMessageIds("<a@b> <c@d>", 1), std::vector<std::string>{"c@d"});
  EXPECT_EQ(ParseMessageIds("words <open"), std::vector<std::string>{});
}

TEST(Thread, BaseSubject) {
  for (std::string_view subject :
       {"Lunch", "Re: lunch", "RE: Re:  Lunch", "Fwd: lunch (fwd)", "[list] Re: [list] lunch",
        "re[2]: lunch", "[Fwd: Re: lunch]", "=?utf-8?q?Re:_lunch?="}) {
    EXPECT_EQ(BaseSubject(subject), "lunch") << subject;
  }
  EXPECT_EQ(BaseSubject("[only a tag]"), "[only a tag]");
  EXPECT_EQ(BaseSubject("Re:"), "");
}

// RFC 8970 3.3
TEST(Preview, FirstWordsOfTheFirstText) {
  auto preview = [](std::string_view message) -> std::string {
    Structure structure = ParseStructure(message);
    auto index = PreviewPart(structure);
    if (!index) return "none";
    const Part& part = structure.parts[*index];
    return MakePreview(message.substr(part.body_offset, part.body_size), part);
  };
  EXPECT_EQ(preview("\r\n\r\n  Hello\r\n\tdear  friend\r\n> old\r\n-- \r\nAnn\r\n"),
            "Hello dear friend");
  EXPECT_EQ(preview("\r\n> only\r\n> quotes\r\n"), "> only > quotes");
  EXPECT_EQ(preview("Content-Type: text/html\r\n\r\n<style>x</style><p>A&amp;B</p>"), "A&B");
  EXPECT_EQ(preview("Content-Type: text/plain; charset=iso-8859-1\r\n"
                    "Content-Transfer-Encoding: quoted-printable\r\n\r\nf=FCr"),
            "f\u00fcr");
  EXPECT_EQ(preview("Content-Type: image/png\r\n\r\nx"), "none");
  EXPECT_EQ(preview("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                    "Content-Disposition: attachment\r\n\r\nno\r\n--b\r\n"
                    "Content-Type: text/html\r\n\r\nyes\r\n--b--\r\n"),
            "yes");
  std::string umlauts = "Content-Type: text/plain; charset=utf-8\r\n\r\n";
  for (int i = 0; i < 300; ++i) umlauts += "\u00fc";
  std::string expected;
  for (int i = 0; i < 200; ++i) expected += "\u00fc";
  EXPECT_EQ(preview(umlauts), expected);
  // Cut in the middle of a character: still UTF-8.
  Structure structure = ParseStructure(umlauts);
  const Part& part = structure.parts[0];
  EXPECT_TRUE(IsUtf8(MakePreview(umlauts.substr(part.body_offset, 51), part)));
}

}  // namespace
}  // namespace pennypost::mime
