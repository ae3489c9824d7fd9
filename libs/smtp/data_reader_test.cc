#include "smtp/data_reader.h"

#include <gtest/gtest.h>

#include "smtp/dot_writer.h"
#include "testing/splits.h"

namespace pennypost::smtp {
namespace {

struct Got {
  std::string body;
  std::string rest;  // bytes behind the end
  bool done = false;
  bool malformed = false;

  bool operator==(const Got&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Got& got) {
  return out << got.body << "|" << got.rest << "|" << got.done << got.malformed;
}

Got ReadAll(const std::vector<std::string_view>& pieces, BareLineFeeds bare) {
  DataReader reader(bare);
  Got got;
  std::string held;
  for (std::string_view piece : pieces) {
    held += piece;
    if (got.done) continue;
    DataReader::Result result = reader.Read(held.data(), held.size());
    got.body += result.body;
    got.done = result.done;
    held.erase(0, result.consumed);
  }
  got.rest = held;
  got.malformed = reader.malformed();
  return got;
}

void Check(std::string_view wire, const Got& expected,
           BareLineFeeds bare = BareLineFeeds::kRefuse) {
  for (const auto& pieces : testing::Splits(wire)) EXPECT_EQ(ReadAll(pieces, bare), expected);
}

TEST(DataReader, EndsAtCrlfDotCrlfOnly) {
  Check(".\r\n", {"", "", true, false});
  Check("a\r\n.\r\nNOOP\r\n", {"a\r\n", "NOOP\r\n", true, false});
  Check("..\r\n.a\r\n.\r\n", {".\r\na\r\n", "", true, false});
  Check("a.\r\n", {"a.\r\n", "", false, false});
  Check("a\r\n.", {"a\r\n", ".", false, false});
  Check("a\r\n.\r", {"a\r\n", ".\r", false, false});
  Check("a\r", {"a", "\r", false, false});
}

// RFC 5321 4.1.1.4 (S1)
TEST(DataReader, NothingElseEndsIt) {
  for (std::string_view wire :
       {"a\n.\nb\r\n.\r\n", "a\n.\rb\r\n.\r\n", "a\r.\nb\r\n.\r\n", "a\r.\rb\r\n.\r\n",
        "a\n.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n.\r\n", "a\r\n.\nb\r\n.\r\n", "a\r\n.\rb\r\n.\r\n",
        "a\r\n.\r\r\nb\r\n.\r\n", "a\r\r\n.\r\r\nb\r\n.\r\n", "\n.\r\nb\r\n.\r\n",
        "\r.\r\nb\r\n.\r\n"}) {
    for (const auto& pieces : testing::Splits(wire)) {
      Got got = ReadAll(pieces, BareLineFeeds::kRefuse);
      EXPECT_TRUE(got.done);
      EXPECT_TRUE(got.malformed) << wire;
      EXPECT_EQ(got.rest, "");
      EXPECT_NE(got.body.find('b'), std::string::npos) << wire;
    }
  }
}

TEST(DataReader, NulIsMalformed) {
  std::string wire("a\r\n\0.\r\nb\r\n.\r\n", 13);
  Check(wire, {std::string("a\r\n\0.\r\nb\r\n", 10), "", true, true});
}

TEST(DataReader, NormalizesLoneLineFeeds) {
  auto normalize = BareLineFeeds::kNormalize;
  Check("a\n.\nb\n\r\n.\r\n", {"a\r\n.\r\nb\r\n\r\n", "", true, false}, normalize);
  Check("a\n\n..b\r\n..c\r\n.\r\n", {"a\r\n\r\n..b\r\n.c\r\n", "", true, false}, normalize);
  Check("a\rb\r\n.\r\n", {"a\rb\r\n", "", true, true}, normalize);
}

TEST(ChunkReader, LineEndsAcrossBorders) {
  struct Row {
    std::string_view wire;
    bool malformed;
    std::string_view normalized;
  };
  using namespace std::string_view_literals;
  for (const Row& row :
       {Row{"a\r\n.\r\n..b\r\n", false, "a\r\n.\r\n..b\r\n"}, Row{"", false, ""},
        Row{"a\nb\n", true, "a\r\nb\r\n"}, Row{"a\r", true, "a\r"}, Row{"a\r\r\n", true, "a\r\r\n"},
        Row{"\n", true, "\r\n"}, Row{"a\0\r\n"sv, true, "a\0\r\n"sv}}) {
    for (const auto& pieces : testing::Splits(row.wire)) {
      ChunkReader strict;
      ChunkReader lenient(BareLineFeeds::kNormalize);
      std::string same;
      std::string normalized;
      for (std::string_view piece : pieces) {
        same += strict.Read(piece);
        normalized += lenient.Read(piece);
      }
      strict.Finish();
      EXPECT_EQ(strict.malformed(), row.malformed) << row.wire;
      EXPECT_EQ(same, row.wire);
      EXPECT_EQ(normalized, row.normalized);
    }
  }
}

// RFC 5321 4.5.2 (S2)
TEST(DotWriter, WritesCleanLinesInAnySplit) {
  struct Row {
    std::string_view content;
    std::string_view wire;
    bool changed;
  };
  using namespace std::string_view_literals;
  for (const Row& row :
       {Row{"", ".\r\n", false}, Row{"a", "a\r\n.\r\n", false}, Row{"a\r\n", "a\r\n.\r\n", false},
        Row{".\r\n..\r\n", "..\r\n...\r\n.\r\n", false}, Row{"a\n.\n", "a\r\n..\r\n.\r\n", true},
        Row{"a\r.\r", "a\r\n..\r\n.\r\n", true},
        Row{"\r\n.\r\r\nb", "\r\n..\r\n\r\nb\r\n.\r\n", true},
        Row{"\r\r\n.\r\r\n", "\r\n\r\n..\r\n\r\n.\r\n", true},
        Row{"\0.\0.a"sv, "...a\r\n.\r\n", true}, Row{"a\n\rb", "a\r\n\r\nb\r\n.\r\n", true}}) {
    for (const auto& pieces : testing::Splits(row.content)) {
      DotWriter writer;
      std::string wire;
      for (std::string_view piece : pieces) writer.Write(piece, wire);
      writer.Finish(wire);
      EXPECT_EQ(wire, row.wire);
      EXPECT_EQ(writer.changed(), row.changed);
    }
  }
}

}  // namespace
}  // namespace pennypost::smtp
