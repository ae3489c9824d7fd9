#include "search/signature.h"

#include <gtest/gtest.h>

#include <random>

#include "search/document.h"
#include "search/fold.h"

namespace pennypost::search {
namespace {

bool AnyMayHold(const std::vector<std::string>& signatures, std::string_view words) {
  auto grams = GramsOf(words);
  for (const std::string& signature : signatures) {
    if (MayHold(signature, grams)) return true;
  }
  return false;
}

std::vector<std::string> Of(std::string_view text) {
  SignatureBuilder builder;
  builder.Add(text);
  return builder.Finish();
}

TEST(SearchSignature, SaysNoToWhatIsNotThereAndYesToWhatIs) {
  auto signatures = Of("the quick brown fox jumps over the lazy dog");
  ASSERT_EQ(signatures.size(), 1u);
  for (const char* words :
       {"quick", "own fox", "dog", "the", "x j", "the quick brown fox jumps over the lazy dog"})
    EXPECT_TRUE(AnyMayHold(signatures, words)) << words;
  for (const char* words : {"slow", "invoice", "the quick brown cat", "zebra crossing"})
    EXPECT_FALSE(AnyMayHold(signatures, words)) << words;
}

TEST(SearchSignature, WordsOfLessThanThreeBytesSayNothing) {
  EXPECT_TRUE(GramsOf("").empty());
  EXPECT_TRUE(GramsOf("ab").empty());
  EXPECT_EQ(GramsOf("abc").size(), 1u);
  EXPECT_EQ(GramsOf("\u4e2d").size(), 1u) << "one Chinese character is three bytes";
  EXPECT_EQ(GramsOf("abcdefghij").size(), kMostGrams);
  EXPECT_EQ(GramsOf(std::string(5000, 'x')).size(), kMostGrams);
  for (Gram gram : GramsOf("zyxwvutsrq")) EXPECT_GE(gram, 0);
}

TEST(SearchSignature, NothingIsInAnEmptyTextAndAllInAnything) {
  auto empty = Of("");
  ASSERT_EQ(empty.size(), 1u) << "a row says that the message is indexed";
  EXPECT_FALSE(AnyMayHold(empty, "abc"));
  EXPECT_TRUE(AnyMayHold({Anything()}, "anything at all"));
}

TEST(SearchSignature, TextsOfTheirOwn) {
  SignatureBuilder builder;
  builder.Add("alpha");
  builder.Add("beta");
  auto signatures = builder.Finish();
  ASSERT_EQ(signatures.size(), 1u);
  EXPECT_TRUE(AnyMayHold(signatures, "alpha"));
  EXPECT_TRUE(AnyMayHold(signatures, "beta"));
  EXPECT_FALSE(AnyMayHold(signatures, "alphabeta"));
  EXPECT_FALSE(AnyMayHold(builder.Finish(), "alpha")) << "it was emptied";
}

// The promise of the header, over random texts of few letters, where parts repeat and collide.
TEST(SearchSignature, NoPartOfATextIsEverMissed) {
  std::mt19937 random(20240607);
  for (int round = 0; round < 60; ++round) {
    SignatureBuilder builder;
    std::vector<std::string> texts;
    for (int i = 0; i < 3; ++i) {
      std::string text(random() % (round % 3 == 0 ? 40'000 : 3000), ' ');
      for (char& c : text) c = static_cast<char>(round % 2 ? random() % 256 : 'a' + random() % 26);
      builder.Add(text);
      texts.push_back(text);
    }
    auto signatures = builder.Finish();
    for (const std::string& text : texts) {
      for (int i = 0; i < 300 && !text.empty(); ++i) {
        std::string part = text.substr(random() % text.size(), random() % 60);
        ASSERT_TRUE(AnyMayHold(signatures, part)) << round << " " << part.size();
      }
      // On the borders of blocks.
      for (size_t at = 8000; at + 60 < text.size() && at < 8300; ++at)
        ASSERT_TRUE(AnyMayHold(signatures, text.substr(at, 60))) << at;
    }
  }
}

TEST(SearchSignature, FewTextsMayHoldWhatTheyDoNot) {
  std::mt19937 random(7);
  int wrong = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    while (text.size() < 4000) {
      for (size_t n = 2 + random() % 8; n > 0; --n) text += static_cast<char>('a' + random() % 26);
      text += ' ';
    }
    wrong += AnyMayHold(Of(text), "0 invoices 9") ? 1 : 0;
    EXPECT_LT(Of(text)[0].size(), 4000u * 4 / 8);
  }
  EXPECT_LT(wrong, 10);
}

TEST(SearchSignature, OfAMessage) {
  const char message[] =
      "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from\r\n K\xC3\xB6ln\r\nX-Note: plain\r\n"
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\nPGI+SGVsbG88L2I+IFdPUkxE\r\n--b\r\n"
      "Content-Type: application/pdf\r\n\r\nHIDDEN\r\n--b--\r\n";
  auto signatures = Signatures(message);
  ASSERT_EQ(signatures.size(), 1u);
  for (const char* words :
       {"gr\u00fc\u00dfe", "Gr\u00dcSSE from K\u00d6LN", "x-note: plain", "hello", "world"})
    EXPECT_TRUE(AnyMayHold(signatures, Fold(words))) << words;
  EXPECT_FALSE(AnyMayHold(signatures, "hidden"));
  EXPECT_FALSE(AnyMayHold(signatures, "<b>hello")) << "tags are no words";
  EXPECT_EQ(Signatures(message, 10), std::vector<std::string>{Anything()});
}

TEST(SearchDocument, AFoldOfAPartIsAPartOfTheFold) {
  std::string text =
      "Stra\u00dfe \u0130stanbul \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u01c4 \ufb01";
  std::string folded = Fold(text);
  for (size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
    for (size_t end = at + 1; end <= text.size(); ++end) {
      if (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) continue;
      EXPECT_NE(folded.find(Fold(text.substr(at, end - at))), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace pennypost::search
