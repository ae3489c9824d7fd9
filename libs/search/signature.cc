#include "search/signature.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "search/document.h"
#include "search/words.h"

namespace pennypost::search {
namespace {

constexpr size_t kGram = 3;
// GramsOf looks at so much of the words.
constexpr size_t kWindow = 32;
constexpr size_t kBlockBytes = 8192;
// Of two blocks of one text, so that each window is wholly in one of them.
constexpr size_t kOverlap = kWindow - 1;
// A fifth of the bits is set then: five grams go together by chance in one of 2,500 blocks.
constexpr size_t kBitsPerGram = 4;
constexpr size_t kWord = 8;                 // a signature's size is a multiple of it
constexpr size_t kSlots = 2 * kBlockBytes;  // a power of two, never more than half full

uint32_t BytesAt(std::string_view text, size_t at) {
  return static_cast<uint32_t>(static_cast<unsigned char>(text[at])) << 16 |
         static_cast<uint32_t>(static_cast<unsigned char>(text[at + 1])) << 8 |
         static_cast<uint32_t>(static_cast<unsigned char>(text[at + 2]));
}

// Texts have few of the possible grams, and those close together.
Gram Mix(uint32_t bytes) {
  uint32_t hash = bytes * 0x9E3779B1u;
  hash ^= hash >> 15;
  hash *= 0x85EBCA77u;
  hash ^= hash >> 13;
  return static_cast<Gram>(hash & 0x7FFFFFFF);
}

size_t BitOf(Gram gram, size_t signature_bytes) {
  return static_cast<size_t>(gram) % (signature_bytes * 8);
}

}  // namespace

std::vector<Gram> GramsOf(std::string_view folded_words) {
  folded_words = folded_words.substr(0, kWindow);
  std::vector<Gram> grams;
  if (folded_words.size() < kGram) return grams;
  size_t count = folded_words.size() - kGram + 1;
  size_t wanted = std::min(count, kMostGrams);
  // Spread over the words: neighbours tell less than distant ones.
  for (size_t i = 0; i < wanted; ++i) {
    size_t at = wanted == 1 ? 0 : i * (count - 1) / (wanted - 1);
    grams.push_back(Mix(BytesAt(folded_words, at)));
  }
  return grams;
}

bool MayHold(std::string_view signature, const std::vector<Gram>& grams) {
  return std::all_of(grams.begin(), grams.end(), [signature](Gram gram) {
    size_t bit = BitOf(gram, signature.size());
    return (static_cast<unsigned char>(signature[bit / 8]) >> (bit % 8) & 1) != 0;
  });
}

std::string Anything() {
  return std::string(kWord, '\xff');
}

SignatureBuilder::SignatureBuilder() : slots_(kSlots) {
  grams_.reserve(kBlockBytes);
}

void SignatureBuilder::AddGram(uint32_t bytes) {
  size_t slot = static_cast<size_t>(Mix(bytes)) & (kSlots - 1);
  for (; slots_[slot] != 0; slot = (slot + 1) & (kSlots - 1)) {
    if (slots_[slot] == bytes + 1) return;
  }
  slots_[slot] = bytes + 1;
  grams_.push_back(bytes);
}

void SignatureBuilder::Add(std::string_view folded_text) {
  for (size_t begin = 0; begin + kGram <= folded_text.size();) {
    if (block_bytes_ + kOverlap >= kBlockBytes) EndBlock();
    size_t end = std::min(folded_text.size(), begin + kBlockBytes - block_bytes_);
    for (size_t at = begin; at + kGram <= end; ++at) AddGram(BytesAt(folded_text, at));
    block_bytes_ += end - begin;
    if (end == folded_text.size()) return;
    EndBlock();
    begin = end - kOverlap;
  }
}

void SignatureBuilder::AddText(std::string_view folded_text) {
  Add(folded_text);
  if (!IsAscii(folded_text)) Add(Plain(folded_text));
}

void SignatureBuilder::EndBlock() {
  size_t bytes = (grams_.size() * kBitsPerGram / 8 + kWord) / kWord * kWord;
  std::string signature(bytes, '\0');
  for (uint32_t gram : grams_) {
    size_t bit = BitOf(Mix(gram), bytes);
    signature[bit / 8] =
        static_cast<char>(static_cast<unsigned char>(signature[bit / 8]) | 1u << (bit % 8));
  }
  done_.push_back(std::move(signature));
  std::fill(slots_.begin(), slots_.end(), 0);
  grams_.clear();
  block_bytes_ = 0;
}

std::vector<std::string> SignatureBuilder::Finish() {
  if (!grams_.empty() || done_.empty()) EndBlock();
  block_bytes_ = 0;
  return std::exchange(done_, {});
}

std::vector<std::string> Signatures(std::string_view message, size_t most_text) {
  mime::Structure structure = mime::ParseStructure(message);
  mail::HeaderBlock block = mail::ParseHeaderBlock(message);
  if (block.size + TextSize(message, structure) > most_text) return {Anything()};
  thread_local SignatureBuilder builder;
  // A line holds the value, so that this goes for HEADER as well.
  for (const mail::HeaderField& field : block.fields) builder.AddText(HeaderLine(field));
  builder.AddText(BodyText(message, structure));
  return builder.Finish();
}

}  // namespace pennypost::search
