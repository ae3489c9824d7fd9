#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mime/charset.h"
#include "search/fold.h"
#include "search/signature.h"
#include "search/words.h"

// The first line is a key, the rest a text; bytes of any kind, as UTF-8. No part of a text is
// missed by its signatures, and what fuzzy words find in it has the pieces that they ask for.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t line = std::min(input.find('\n'), input.size());
  std::string key = search::Fold(mime::ToUtf8(input.substr(0, line), "utf-8"));
  std::string text = search::Fold(mime::ToUtf8(input.substr(std::min(line + 1, size)), "utf-8"));
  search::SignatureBuilder builder;
  builder.AddText(text);
  auto signatures = builder.Finish();
  auto may_hold = [&signatures](std::string_view words) {
    auto grams = search::GramsOf(words);
    for (const std::string& signature : signatures) {
      if (search::MayHold(signature, grams)) return true;
    }
    return false;
  };
  if (text.find(key) != std::string::npos && !may_hold(key)) std::abort();
  for (size_t at = 0; at < text.size(); at += 1 + text.size() / 50) {
    if (!may_hold(std::string_view(text).substr(at, 1 + at % 70))) std::abort();
  }
  search::FuzzyWords fuzzy(key);
  std::vector<search::FuzzyWords::Hits> hits(fuzzy.size());
  fuzzy.Count(search::Plain(text), hits);
  std::vector<std::string> pieces = fuzzy.Pieces();
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (hits[i].count > 0 && !may_hold(pieces[i])) std::abort();
  }
  return 0;
}
