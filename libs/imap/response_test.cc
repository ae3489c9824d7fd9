#include "imap/response.h"

#include <gtest/gtest.h>

namespace pennypost::imap {
namespace {

using Kind = ResponseValue::Kind;

// All responses, and the words of the error that ends them.
std::vector<ServerResponse> Read(std::string_view bytes, size_t piece, std::string* fatal) {
  ResponseReader reader(100);
  std::vector<ServerResponse> responses;
  for (;;) {
    auto event = reader.Next();
    if (auto* response = std::get_if<ServerResponse>(&event)) {
      responses.push_back(*std::move(response));
    } else if (auto* end = std::get_if<ResponseReader::Fatal>(&event)) {
      *fatal = end->text;
      return responses;
    } else if (bytes.empty()) {
      return responses;
    } else {
      reader.Feed(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
  }
}

std::vector<ServerResponse> Read(std::string_view bytes) {
  std::string fatal, again;
  auto whole = Read(bytes, bytes.size() + 1, &fatal);
  auto pieces = Read(bytes, 1, &again);
  EXPECT_EQ(fatal, "");
  EXPECT_EQ(again, "");
  EXPECT_EQ(whole.size(), pieces.size());
  for (size_t i = 0; i < std::min(whole.size(), pieces.size()); ++i) {
    EXPECT_EQ(whole[i].text, pieces[i].text);
    EXPECT_EQ(whole[i].values.size(), pieces[i].values.size());
  }
  return whole;
}

std::string ErrorOf(std::string_view bytes) {
  std::string fatal;
  Read(bytes, bytes.size() + 1, &fatal);
  return fatal;
}

TEST(Response, StatusesAndContinuations) {
  auto r = Read(
      "* OK [CAPABILITY IMAP4rev1 SASL-IR] ready {5}\r\n+ idling {3}\r\n+\r\n"
      "a1 NO [NONEXISTENT] no such\r\na2 ok\r\n* BYE\n");
  ASSERT_EQ(r.size(), 6u);
  EXPECT_EQ(r[0].tag, "*");
  EXPECT_EQ(r[0].status, "OK");
  EXPECT_EQ(r[0].code, "CAPABILITY IMAP4rev1 SASL-IR");
  EXPECT_EQ(r[0].text, "ready {5}");
  EXPECT_EQ(r[1].text, "idling {3}");
  EXPECT_EQ(r[2].tag, "+");
  EXPECT_EQ(r[3].tag, "a1");
  EXPECT_EQ(r[3].code, "NONEXISTENT");
  EXPECT_EQ(r[4].status, "OK");
  EXPECT_EQ(r[5].status, "BYE");
}

TEST(Response, DataWithLiterals) {
  auto r = Read(
      "* 5 FETCH (UID 7 FLAGS (\\Seen $Label1) BODY[HEADER.FIELDS (TO \"x\")] {4}\r\na)\r\n"
      " RFC822.SIZE 17 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" BODY[] ~{0}\r\n)\r\n"
      "* LIST (\\HasNoChildren) \"/\" \"a \\\"b\\\\\"\r\n* LIST () NIL {3}\r\nx y\r\n* SEARCH\r\n");
  ASSERT_EQ(r.size(), 4u);
  ASSERT_EQ(r[0].values.size(), 3u);
  EXPECT_EQ(r[0].values[0].Number(), 5u);
  EXPECT_TRUE(r[0].values[1].Is("fetch"));
  const auto& items = r[0].values[2].items;
  ASSERT_EQ(items.size(), 12u);
  EXPECT_EQ(items[3].items[0].text, "\\Seen");
  EXPECT_TRUE(items[4].Is("BODY[HEADER.FIELDS (TO \"x\")]"));
  EXPECT_EQ(items[5].text, "a)\r\n");
  EXPECT_EQ(items[9].text, "17-Jul-1996 02:44:25 -0700");
  EXPECT_EQ(items[11].kind, Kind::kString);
  EXPECT_EQ(r[1].values[3].text, "a \"b\\");
  EXPECT_EQ(r[2].values[2].kind, Kind::kNil);
  EXPECT_EQ(r[2].values[3].text, "x y");
  EXPECT_EQ(r[3].values.size(), 1u);
}

TEST(Response, LimitsAndNonsense) {
  EXPECT_EQ(ErrorOf("* X {101}\r\n"), "a literal is too long");
  EXPECT_EQ(ErrorOf("* X {18446744073709551615}\r\n"), "a literal is too long");
  EXPECT_EQ(ErrorOf("* X {60}\r\n" + std::string(60, 'x') + " {60}\r\n"), "a literal is too long");
  EXPECT_EQ(ErrorOf(std::string((16 << 20) + 1, 'x')), "a response is too long");
  for (const char* bad :
       {"\r\n", " x\r\n", "* (\r\n", "* )\r\n", "* \"x\r\n", "* {x}\r\n", "* {5} y\r\n"})
    EXPECT_EQ(ErrorOf(bad), "a response is malformed") << bad;
  EXPECT_EQ(ErrorOf("* " + std::string(60, '(') + "\r\n"), "a response is malformed");
}

}  // namespace
}  // namespace pennypost::imap
