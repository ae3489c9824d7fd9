#include "imap/write.h"

#include <gtest/gtest.h>

#include "imap/section.h"

namespace pennypost::imap {
namespace {

std::string String(std::string_view text) {
  std::string out;
  WriteString(text, out);
  return out;
}

TEST(Write, StringsNeverBreakOut) {
  EXPECT_EQ(String("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
  EXPECT_EQ(String("a\r\nb"), "{4}\r\na\r\nb");
  EXPECT_EQ(String("\xc3\xbc"), "{2}\r\n\xc3\xbc");
  EXPECT_EQ(String(std::string_view("a\0b", 3)),
            "{3}\r\na\x80"
            "b");
}

TEST(Write, MailboxNames) {
  auto name = [](std::string_view utf8, NameForm form) {
    std::string out;
    WriteMailbox(utf8, form, out);
    return out;
  };
  EXPECT_EQ(name("INBOX", NameForm::kUtf7), "INBOX");
  EXPECT_EQ(name("my mail", NameForm::kUtf7), "\"my mail\"");
  EXPECT_EQ(name("\u00fc", NameForm::kUtf7), "&APw-");
  EXPECT_EQ(name("\u00fc", NameForm::kUtf8), "\"\u00fc\"");
  EXPECT_EQ(name("nil", NameForm::kUtf8), "\"nil\"");
  EXPECT_EQ(name("", NameForm::kUtf8), "\"\"");
}

TEST(Write, Small) {
  std::string date;
  WriteDate(837571465, date);
  EXPECT_EQ(date, "\"17-Jul-1996 02:44:25 +0000\"");
  date.clear();
  WriteDate(0, date);
  EXPECT_EQ(date, "\" 1-Jan-1970 00:00:00 +0000\"");
  EXPECT_EQ(FormatSet({1, 2, 3, 5, 7, 8}), "1:3,5,7:8");
  EXPECT_EQ(FormatSet({}), "");
  std::string out;
  WriteSearch({{2, 4}, 9}, out);
  WriteSearch({{}, 9}, out);
  Search by_uid;
  by_uid.numbers = Numbers::kUid;
  WriteESearch({{2, 3, 4}, {}}, "a\"", by_uid, kReturnMin | kReturnMax | kReturnAll | kReturnCount,
               out);
  WriteESearch({{}, {}}, "a", Search{}, kReturnAll | kReturnCount, out);
  WriteQuota("", 1500, 2048000, out);
  WriteStatus("x y", {{StatusItem::kMessages, 3}, {StatusItem::kUidNext, 9}}, NameForm::kUtf7, out);
  WriteList({"a/b", {"\\HasNoChildren"}, true, false}, NameForm::kUtf7, out);
  EXPECT_EQ(out,
            "* SEARCH 2 4 (MODSEQ 9)\r\n* SEARCH\r\n"
            "* ESEARCH (TAG \"a\\\"\") UID MIN 2 MAX 4 ALL 2:4 COUNT 3\r\n"
            "* ESEARCH (TAG \"a\") COUNT 0\r\n"
            "* QUOTA \"\" (STORAGE 2 2000)\r\n"
            "* STATUS \"x y\" (MESSAGES 3 UIDNEXT 9)\r\n"
            "* LIST (\\HasNoChildren) \"/\" a/b (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n");
}

// RFC 9394 4
TEST(Write, PartialResults) {
  auto partial = [](Partial piece, std::vector<uint32_t> numbers) {
    Search search;
    search.partial = piece;
    std::string out;
    WriteESearch({std::move(numbers), {}}, "a", search, kReturnPartial, out);
    return out;
  };
  EXPECT_EQ(partial({1, 2, false}, {5, 6, 9}), "* ESEARCH (TAG \"a\") PARTIAL (1:2 5:6)\r\n");
  EXPECT_EQ(partial({4, 2, false}, {5, 6, 9}), "* ESEARCH (TAG \"a\") PARTIAL (4:2 6,9)\r\n");
  EXPECT_EQ(partial({1, 2, true}, {5, 6, 9}), "* ESEARCH (TAG \"a\") PARTIAL (-1:-2 6,9)\r\n");
  EXPECT_EQ(partial({4, 9, true}, {5, 6, 9}), "* ESEARCH (TAG \"a\") PARTIAL (-4:-9 NIL)\r\n");
  EXPECT_EQ(partial({1, 1, false}, {}), "* ESEARCH (TAG \"a\") PARTIAL (1:1 NIL)\r\n");
}

// RFC 6203 4
TEST(Write, Relevancy) {
  auto write = [](SearchResult result, unsigned returns) {
    Search search;
    search.partial = Partial{1, 2, false};
    std::string out;
    WriteESearch(result, "B1", search, returns, out);
    return out;
  };
  EXPECT_EQ(write({{1, 5, 10}, {}, {4, 99, 42}}, kReturnAll | kReturnRelevancy),
            "* ESEARCH (TAG \"B1\") ALL 1,5,10 RELEVANCY (4 99 42)\r\n");
  EXPECT_EQ(write({{1, 5, 10}, {}, {4, 99, 42}}, kReturnRelevancy),
            "* ESEARCH (TAG \"B1\") RELEVANCY (4 99 42)\r\n");
  EXPECT_EQ(write({{9, 5, 1}, {}, {99, 42, 4}}, kReturnPartial | kReturnRelevancy),
            "* ESEARCH (TAG \"B1\") RELEVANCY (99 42) PARTIAL (1:2 9,5)\r\n");
  EXPECT_EQ(write({{1, 5}, {}, {4, 9}}, kReturnAll), "* ESEARCH (TAG \"B1\") ALL 1,5\r\n");
  EXPECT_EQ(write({}, kReturnAll | kReturnRelevancy), "* ESEARCH (TAG \"B1\") RELEVANCY ()\r\n");
}

// RFC 5256 5
TEST(Write, Threads) {
  auto thread = [](std::vector<ThreadEntry> entries) {
    std::string out;
    WriteThread(entries, out);
    return out.substr(8, out.size() - 10);
  };
  EXPECT_EQ(thread({}), "");
  EXPECT_EQ(thread({{1, 0}}), " (1)");
  EXPECT_EQ(thread({{2, 0}, {3, 0}, {6, 1}, {4, 2}, {23, 3}, {44, 2}, {7, 3}, {96, 4}}),
            " (2)(3 6 (4 23)(44 7 96))");
  EXPECT_EQ(thread({{0, 0}, {3, 1}, {5, 1}}), " ((3)(5))");
  EXPECT_EQ(thread({{1, 0}, {2, 1}, {3, 1}, {4, 2}, {5, 0}}), " (1 (2)(3 4))(5)");
}

constexpr std::string_view kMessage =
    "Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)\r\nFrom: \"Fred Foobar\" "
    "<foobar@Blurdybloop.example>\r\n"
    "Subject: afternoon meeting\r\nTo: mooch@owatagu.example, team: a@b;\r\nMessage-ID: <B27@x>\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Language: de, "
    "en\r\n\r\none\r\ntwo\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n"
    "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=\"a b.png\"\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";

TEST(Write, Envelope) {
  std::string out;
  WriteEnvelope(mime::ParseStructure(kMessage).envelope(), out);
  EXPECT_EQ(out,
            "(\"Mon, 7 Feb 1994 21:52:25 -0800 (PST)\" \"afternoon meeting\" "
            "((\"Fred Foobar\" NIL \"foobar\" \"Blurdybloop.example\")) "
            "((\"Fred Foobar\" NIL \"foobar\" \"Blurdybloop.example\")) "
            "((\"Fred Foobar\" NIL \"foobar\" \"Blurdybloop.example\")) "
            "((NIL NIL \"mooch\" \"owatagu.example\")(NIL NIL \"team\" NIL)(NIL NIL \"a\" "
            "\"b\")(NIL NIL NIL NIL)) "
            "NIL NIL NIL \"<B27@x>\")");
}

TEST(Write, BodyStructure) {
  mime::Structure structure = mime::ParseStructure(kMessage);
  std::string out;
  WriteBodyStructure(structure, BodyForm::kBodyStructure, out);
  EXPECT_EQ(out,
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 8 1 NIL NIL (\"de\" "
            "\"en\") NIL)"
            "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 16 "
            "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) "
            "2 NIL NIL NIL NIL)"
            "(\"image\" \"png\" NIL NIL NIL \"base64\" 4 NIL (\"attachment\" (\"filename\" \"a "
            "b.png\")) NIL NIL)"
            " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)");
  out.clear();
  WriteBodyStructure(structure, BodyForm::kBody, out);
  EXPECT_EQ(out,
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 8 1)"
            "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 16 "
            "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) 2)"
            "(\"image\" \"png\" NIL NIL NIL \"base64\" 4) \"mixed\")");
}

TEST(Write, MultipartWithoutParts) {
  std::string out;
  WriteBodyStructure(mime::ParseStructure("Content-Type: multipart/mixed; boundary=b\r\n\r\nx"),
                     BodyForm::kBodyStructure, out);
  EXPECT_EQ(out,
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"
            " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)");
}

TEST(Section, RangesOfTheMessage) {
  mime::Structure structure = mime::ParseStructure(kMessage);
  using Text = Section::Text;
  auto bytes = [&](std::vector<uint32_t> part, Text text) -> std::string {
    auto range = SectionRange(structure, {std::move(part), text, {}});
    if (!range) return "none";
    return std::string(kMessage.substr(range->offset, range->size));
  };
  EXPECT_EQ(bytes({}, Text::kAll), kMessage);
  EXPECT_EQ(bytes({1}, Text::kAll), "one\r\ntwo");
  EXPECT_EQ(bytes({1}, Text::kMime),
            "Content-Type: text/plain; charset=us-ascii\r\nContent-Language: de, en\r\n\r\n");
  EXPECT_EQ(bytes({2}, Text::kHeader), "Subject: in\r\n\r\n");
  EXPECT_EQ(bytes({2}, Text::kText), "x");
  EXPECT_EQ(bytes({2, 1}, Text::kAll), "x");
  EXPECT_EQ(bytes({1}, Text::kHeader), "none");
  EXPECT_EQ(bytes({4}, Text::kAll), "none");
  EXPECT_TRUE(bytes({}, Text::kText).starts_with("--b\r\n"));
  EXPECT_EQ(
      SelectHeaderFields(bytes({}, Text::kHeader), {{}, Text::kHeaderFields, {"subject", "x"}}),
      "Subject: afternoon meeting\r\n\r\n");
  EXPECT_EQ(SelectHeaderFields("A: b\r\nC: d\r\n\r\n", {{}, Text::kHeaderFieldsNot, {"a"}}),
            "C: d\r\n\r\n");
}

TEST(Section, PartialsAndNames) {
  FetchItem item;
  item.kind = FetchItem::Kind::kSection;
  item.section = {{1, 2}, Section::Text::kHeaderFields, {"To", "x y"}};
  item.partial = {2, 3};
  EXPECT_EQ(FetchItemName(item), "BODY[1.2.HEADER.FIELDS (To \"x y\")]<2>");
  EXPECT_EQ(ApplyPartial("abcdefg", item), "cde");
  EXPECT_EQ(ApplyPartial("ab", item), "");
  EXPECT_EQ(ApplyPartial("abc", item), "c");
  EXPECT_EQ(NeedsOf(item), Needs::kContent);
  item.section.part.clear();
  EXPECT_EQ(NeedsOf(item), Needs::kHeader);
}

TEST(Write, Rights) {
  std::string out;
  mail::Rights some = *mail::Rights::Parse("lrt");
  WriteAcl("a b", {{"ann@x", mail::Rights::All()}, {"any\r\none", some}}, NameForm::kUtf7, out);
  EXPECT_EQ(out, "* ACL \"a b\" \"ann@x\" \"lrswipkxteacd\" {8}\r\nany\r\none \"lrtd\"\r\n");
  out.clear();
  WriteListRights("a", "bob@x", mail::Rights(), NameForm::kUtf7, out);
  EXPECT_EQ(out, "* LISTRIGHTS a \"bob@x\" \"\" l r s w i p k x t e a c d\r\n");
  out.clear();
  WriteMyRights("a", some, NameForm::kUtf7, out);
  EXPECT_EQ(out, "* MYRIGHTS a \"lrtd\"\r\n");
}

}  // namespace
}  // namespace pennypost::imap
