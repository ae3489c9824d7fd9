#include "mime/structure.h"

#include <gtest/gtest.h>

#include <ctime>

namespace pennypost::mime {
namespace {

// One line a part: depth, type, its body.
std::string Show(std::string_view message, const Structure& structure) {
  std::string out;
  for (const Part& part : structure.parts) {
    for (uint32_t at = part.parent; &part != &structure.parts[0]; at = structure.parts[at].parent) {
      out += ' ';
      if (at == 0) break;
    }
    out += part.type + "/" + part.subtype;
    if (part.children.empty()) {
      out += " [" + std::string(message.substr(part.body_offset, part.body_size)) + "]";
    }
    out += " " + std::to_string(part.lines) + "\n";
  }
  return out;
}
std::string Show(std::string_view message) {
  return Show(message, ParseStructure(message));
}

TEST(Structure, PlainMessages) {
  EXPECT_EQ(Show("Subject: x\r\n\r\nbody\r\n"), "text/plain [body\r\n] 1\n");
  EXPECT_EQ(Show(""), "text/plain [] 0\n");
  EXPECT_EQ(Show("no header"), "text/plain [no header] 0\n");
  EXPECT_EQ(Show("\r\nbody"), "text/plain [body] 0\n");
  EXPECT_EQ(Show("A: b\n\nx\ny\n"), "text/plain [x\ny\n] 2\n");
  EXPECT_EQ(Show("Content-Type: rubbish\r\n\r\nx"), "text/plain [x] 0\n");
}

TEST(Structure, RepeatedFields) {
  Structure structure =
      ParseStructure("Cc: a@b\r\nSubject: one\r\nCc: c@d\r\nSubject: two\r\n\r\n");
  EXPECT_EQ(structure.envelope().cc.size(), 2u);
  EXPECT_EQ(structure.envelope().subject, "one");
}

constexpr std::string_view kNested =
    "From: a@b\r\nContent-Type: multipart/mixed; boundary=\"out\"\r\n\r\n"
    "preamble\r\n"
    "--out\r\n"
    "Content-Type: multipart/alternative; boundary=in\r\n\r\n"
    "--in\r\n\r\nplain\r\n"
    "--in\r\nContent-Type: text/html\r\n\r\n<p>\r\n</p>\r\n"
    "--in--\r\nepilogue\r\n"
    "--out\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: inner\r\n\r\ninside\r\n"
    "--out\r\nContent-Type: image/png; name=x.png\r\nContent-Transfer-Encoding: BASE64\r\n"
    "Content-Disposition: attachment; filename=y.png\r\nContent-ID: <1@b>\r\n\r\nAAAA\r\n"
    "--out--\r\n";

TEST(Structure, NestedParts) {
  Structure structure = ParseStructure(kNested);
  EXPECT_EQ(Show(kNested, structure),
            "multipart/mixed 28\n"
            " multipart/alternative 9\n"
            "  text/plain [plain] 0\n"
            "  text/html [<p>\r\n</p>] 1\n"
            " message/rfc822 2\n"
            "  text/plain [inside] 0\n"
            " image/png [AAAA] 0\n");
  EXPECT_EQ(structure.envelopes.size(), 2u);
  EXPECT_EQ(structure.envelopes[structure.parts[4].envelope].subject, "inner");
  EXPECT_EQ(structure.parts[6].encoding, "base64");
  EXPECT_EQ(structure.parts[6].id, "<1@b>");
  EXPECT_EQ(structure.parts[6].disposition, "attachment");
  EXPECT_EQ(FileName(structure.parts[6]), "y.png");
}

TEST(Structure, SectionsOfImap) {
  Structure structure = ParseStructure(kNested);
  auto find = [&](std::vector<uint32_t> path) { return FindPart(structure, path); };
  EXPECT_EQ(find({}), 0u);
  EXPECT_EQ(find({1}), 1u);
  EXPECT_EQ(find({1, 2}), 3u);
  EXPECT_EQ(find({2}), 4u);
  EXPECT_EQ(find({2, 1}), 5u);
  EXPECT_EQ(find({3}), 6u);
  EXPECT_EQ(find({4}), std::nullopt);
  EXPECT_EQ(find({0}), std::nullopt);
  EXPECT_EQ(find({3, 1}), std::nullopt);
  Structure plain = ParseStructure("\r\nx");
  EXPECT_EQ(FindPart(plain, std::vector<uint32_t>{1}), 0u);
  EXPECT_EQ(FindPart(plain, std::vector<uint32_t>{1, 1}), std::nullopt);
  EXPECT_EQ(FindPart(plain, std::vector<uint32_t>{2}), std::nullopt);
}

TEST(Structure, BrokenMultiparts) {
  // No last boundary; boundary right after a header; a boundary that starts like another; digest
  // default.
  EXPECT_EQ(Show("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n\r\ny"),
            "multipart/mixed 5\n text/plain [x] 0\n text/plain [y] 0\n");
  EXPECT_EQ(Show("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: "
                 "b\r\n--b\r\n\r\n\r\n--b--\r\n"),
            "multipart/mixed 6\n text/plain [] 0\n text/plain [] 0\n");
  EXPECT_EQ(
      Show(
          "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
          "Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nx\r\n--bb--\r\n--b--\r\n"),
      "multipart/mixed 8\n multipart/mixed 3\n  text/plain [x] 0\n");
  EXPECT_EQ(Show("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: "
                 "x\r\n\r\ny\r\n--b--"),
            "multipart/digest 5\n message/rfc822 2\n  text/plain [y] 0\n");
  EXPECT_EQ(
      Show("Content-Type: multipart/mixed; boundary*=utf-8''%62\r\n\r\n--b\r\n\r\nx\r\n--b--"),
      "multipart/mixed 3\n text/plain [x] 0\n");
  EXPECT_EQ(Show("Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx"),
            "text/plain [--b\r\n\r\nx] 2\n");
  // The outer boundary ends inner parts that were never closed.
  EXPECT_EQ(
      Show(
          "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n"
          "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--o\r\n\r\ny\r\n--o--"),
      "multipart/mixed 9\n multipart/mixed 2\n  text/plain [x] 0\n text/plain [y] 0\n");
  EXPECT_EQ(Show("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA"),
            "message/rfc822 [AAAA] 0\n");
}

TEST(Structure, SerializedFormComesBack) {
  for (std::string_view message :
       {std::string_view(""), kNested, std::string_view("To: a:b@c;\r\n\r\n")}) {
    Structure structure = ParseStructure(message);
    std::string bytes = Serialize(structure);
    auto back = Deserialize(bytes);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, structure);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(Deserialize(bytes.substr(0, size)).ok());
    }
    EXPECT_FALSE(Deserialize(bytes + "x").ok());
  }
  EXPECT_FALSE(Deserialize("\x02").ok());
}

void ExpectFast(const std::string& message) {
  std::clock_t start = std::clock();
  Structure structure = ParseStructure(message);
  EXPECT_LT(std::clock() - start, 2 * CLOCKS_PER_SEC);
  EXPECT_LE(structure.parts.size(), 10'000u);
  auto back = Deserialize(Serialize(structure));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, structure);
}

TEST(Structure, BombsStayCheap) {
  std::string deep;
  std::string wide = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  std::string messages;
  std::string prefixes;
  std::string fields = wide;
  for (int i = 0; i < 100'000; ++i) {
    deep += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\r\n\r\n--b" +
            std::to_string(i) + "\r\n";
    wide += "--b\r\n\r\n";
    messages += "Content-Type: message/rfc822\r\n\r\n";
    fields += "--b:x\r\nA: b\r\n";
  }
  for (size_t i = 1; i < 2000; ++i) {
    std::string mark(i, 'a');
    prefixes += "Content-Type: multipart/mixed; boundary=" + mark + "\r\n\r\n--" + mark + "\r\n";
  }
  Structure structure = ParseStructure(deep);
  EXPECT_TRUE(structure.truncated);
  EXPECT_EQ(structure.parts.size(), 101u);
  EXPECT_EQ(structure.parts.back().type, "application");
  ExpectFast(deep);
  ExpectFast(wide);
  ExpectFast(messages);
  ExpectFast(prefixes);
  ExpectFast(fields);
  ExpectFast(std::string(1 << 22, '\n'));
  ExpectFast("A:" + std::string(1 << 22, 'x'));
}

}  // namespace
}  // namespace pennypost::mime
