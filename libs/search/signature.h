#pragma once
// What an index keeps of a message: signatures of its text, one for each block of it. A signature
// is a set of the block's grams, three bytes of folded UTF-8 each (so three letters of English, one
// Chinese character or a piece of two), kept as a bit set in which grams may collide. It answers
// "may this block hold the words?" with yes or no, and its no is certain:
//
//   for all texts T and words W with W inside T: some signature of T has all of GramsOf(W).
//
// Blocks overlap by what GramsOf looks at, so that words on the border of two are wholly in one.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::search {

// The form of the signatures below; another form is another number.
constexpr int kFormat = 1;

// Never negative: what the store computes with them is signed.
using Gram = int32_t;

// Grams of folded words that tell most, at most kMostGrams; none for words of less than three
// bytes, of which no signature says anything.
constexpr size_t kMostGrams = 8;
std::vector<Gram> GramsOf(std::string_view folded_words);

// Whether all grams are in the signature.
bool MayHold(std::string_view signature, const std::vector<Gram>& grams);

// A signature that says yes to everything.
std::string Anything();

class SignatureBuilder {
 public:
  SignatureBuilder();
  // A text of its own: words do not go from one to the next.
  void Add(std::string_view folded_text);
  // The text as it is and, for fuzzy words, Plain.
  void AddText(std::string_view folded_text);
  // One or more signatures. The builder is empty then.
  std::vector<std::string> Finish();

 private:
  void AddGram(uint32_t bytes);
  void EndBlock();

  std::vector<uint32_t> slots_;  // a hash set of grams, each plus one
  std::vector<uint32_t> grams_;  // the same, to go through
  size_t block_bytes_ = 0;
  std::vector<std::string> done_;
};

// The signatures of a message (headers and text parts). One with more than `most_text` bytes of
// text has that of Anything.
std::vector<std::string> Signatures(std::string_view message, size_t most_text = 1 << 20);

}  // namespace pennypost::search
