#include "search/words.h"

#include <gtest/gtest.h>

#include <random>

#include "search/fold.h"
#include "search/signature.h"

namespace pennypost::search {
namespace {

std::string PlainOf(std::string_view text) {
  return Plain(Fold(text));
}

bool Finds(std::string_view words, std::string_view text) {
  FuzzyWords fuzzy(Fold(words));
  std::vector<FuzzyWords::Hits> hits(fuzzy.size());
  fuzzy.Count(PlainOf(text), hits);
  for (const auto& hit : hits) {
    if (hit.count == 0) return false;
  }
  return !hits.empty();
}

TEST(SearchPlain, AccentsCaseAndWidthDoNotMatter) {
  EXPECT_EQ(PlainOf("Caf\u00e9 NA\u00cfVE \u00c5ngstr\u00f6m"), "cafe naive angstrom");
  EXPECT_EQ(PlainOf("\uff21\uff22\uff23 \ufb01n"), "abc fin");
  EXPECT_EQ(PlainOf("\u0386\u03c1\u03b7\u03c2"), PlainOf("\u03b1\u03c1\u03b7\u03c3"));
  // Marks that make another letter stay.
  EXPECT_NE(PlainOf("\u304c"), PlainOf("\u304b"));
  EXPECT_NE(PlainOf("\u0439"), PlainOf("\u0438"));
  EXPECT_EQ(PlainOf("ascii Text"), "ascii text");
}

TEST(SearchWords, FormsOfAWord) {
  for (auto [words, text] : std::vector<std::pair<const char*, const char*>>{
           {"run", "She was running late."},
           {"running", "a long run"},
           {"Invoices", "your invoice, please"},
           {"pony", "two ponies"},
           {"H\u00e4user", "das Haus"},
           {"haus", "alte H\u00e4user"},
           {"meeting notes", "Notes of all meetings"},
           {"\u043a\u043d\u0438\u0433\u0430",
            "\u043c\u043d\u043e\u0433\u043e \u043a\u043d\u0438\u0433\u0438"},
           {"cafe", "Caf\u00e9s"},
           {"don't", "I don't know"},
           {"2024", "in 2024"}}) {
    EXPECT_TRUE(Finds(words, text)) << words << " in " << text;
  }
  EXPECT_FALSE(Finds("run", "the trunk of a brunette"));
  EXPECT_FALSE(Finds("run fast", "running late")) << "all words must be there";
  EXPECT_FALSE(Finds("art", "a party"));
  EXPECT_FALSE(Finds("", "anything"));
  EXPECT_FALSE(Finds(" .,- ", "anything")) << "no word at all";
}

TEST(SearchWords, ChineseAndJapaneseGoByPairs) {
  EXPECT_TRUE(Finds("\u4f1a\u8bae", "\u660e\u5929\u7684\u4f1a\u8bae\u53d6\u6d88\u4e86"));
  EXPECT_TRUE(Finds("\u6771\u4eac\u90fd", "\u6771\u4eac\u306f\u4eac\u90fd\u3088\u308a"))
      << "pairs in any order";
  EXPECT_FALSE(Finds("\u6771\u90fd", "\u6771\u4eac\u90fd"));
  EXPECT_TRUE(Finds("\u30e1\u30fc\u30eb", "\u65b0\u3057\u3044\u30e1\u30fc\u30eb\u3067\u3059"));
  EXPECT_TRUE(Finds("\u96e8", "\u4eca\u65e5\u306f\u96e8"));
  EXPECT_TRUE(Finds("IMAP\u4f1a\u8bae", "\u4f1a\u8bae about imap"));
}

TEST(SearchWords, HitsAreCounted) {
  FuzzyWords fuzzy("run home");
  ASSERT_EQ(fuzzy.size(), 2u);
  std::vector<FuzzyWords::Hits> hits(2);
  fuzzy.Count("running, ran, runs", hits);
  EXPECT_EQ(hits[0].count, 2u);
  EXPECT_FALSE(hits[0].exact);
  EXPECT_EQ(hits[1].count, 0u);
  fuzzy.Count("run home", hits);
  EXPECT_EQ(hits[0].count, 3u);
  EXPECT_TRUE(hits[0].exact && hits[1].exact);
}

TEST(SearchWords, LongAndManyWordsAreCut) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "word" + std::to_string(i) + " ";
  EXPECT_EQ(FuzzyWords(many).size(), 16u);
  std::string han;
  for (int i = 0; i < 1000; ++i) han += "\u4f1a";
  EXPECT_EQ(FuzzyWords(han).size(), 16u);
  EXPECT_TRUE(Finds(std::string(100'000, 'x'), std::string(100'000, 'x')));
}

// What an index is asked is in each text that matches.
TEST(SearchWords, TheIndexMissesNothing) {
  const char* words[] = {"run",
                         "running",
                         "runs",
                         "H\u00e4user",
                         "haus",
                         "na\u00efve",
                         "pony",
                         "ponies",
                         "mail",
                         "mailing",
                         "\u4f1a\u8bae",
                         "\u4eac\u90fd",
                         "\u30e1\u30fc\u30eb",
                         "e\u0301te",
                         "\ufb01nal",
                         "finally",
                         "\u043a\u043d\u0438\u0433\u0430",
                         "\u043a\u043d\u0438\u0433\u0438"};
  std::mt19937 random(5);
  int matches = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text, key;
    for (int i = 0; i < 4; ++i)
      text += std::string(words[random() % std::size(words)]) + (random() % 4 ? " " : "");
    for (size_t i = 0; i < 1 + random() % 2; ++i)
      key += std::string(words[random() % std::size(words)]) + " ";
    if (!Finds(key, text)) continue;
    ++matches;
    SignatureBuilder builder;
    builder.AddText(Fold(text));
    std::string signature = builder.Finish()[0];
    for (const std::string& piece : FuzzyWords(Fold(key)).Pieces())
      ASSERT_TRUE(MayHold(signature, GramsOf(piece))) << piece << " of " << key << " in " << text;
  }
  EXPECT_GT(matches, 300);
}

}  // namespace
}  // namespace pennypost::search
