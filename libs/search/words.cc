#include "search/words.h"

#include <libstemmer.h>
#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "base/text.h"

namespace pennypost::search {
namespace {

// More words are not looked for: each costs a look at the text (RFC 6203 8).
constexpr size_t kMostTerms = 16;
// Of a longer word only so much counts.
constexpr int32_t kMostUnits = 64;
// Forms of a word begin alike: with its stem less this, and so much at least.
constexpr int32_t kStemTail = 2;
constexpr int32_t kLeastBeginning = 3;
constexpr const char* kLatin[] = {"english", "german",     "french", "spanish",
                                  "italian", "portuguese", "dutch",  "swedish"};
constexpr const char* kCyrillic[] = {"russian"};

struct DeleteStemmer {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};
using Stemmer = std::unique_ptr<sb_stemmer, DeleteStemmer>;

template <size_t N>
std::vector<Stemmer> Make(const char* const (&languages)[N]) {
  std::vector<Stemmer> stemmers;
  for (const char* language : languages) {
    if (sb_stemmer* made = sb_stemmer_new(language, "UTF_8")) stemmers.emplace_back(made);
  }
  return stemmers;
}

// A stemmer has a state: each thread has its own.
const std::vector<Stemmer>& StemmersOf(std::string_view word) {
  thread_local const std::vector<Stemmer> latin = Make(kLatin), cyrillic = Make(kCyrillic), none;
  icu::UnicodeString text = icu::UnicodeString::fromUTF8(
      icu::StringPiece(word.data(), static_cast<int32_t>(word.size())));
  UErrorCode error = U_ZERO_ERROR;
  UScriptCode script = uscript_getScript(text.char32At(0), &error);
  if (U_FAILURE(error)) return none;
  return script == USCRIPT_LATIN ? latin : script == USCRIPT_CYRILLIC ? cyrillic : none;
}

std::vector<std::string> StemsOf(std::string_view word) {
  std::vector<std::string> stems;
  for (const Stemmer& stemmer : StemmersOf(word)) {
    const auto* bytes = reinterpret_cast<const sb_symbol*>(word.data());
    const sb_symbol* stem = sb_stemmer_stem(stemmer.get(), bytes, static_cast<int>(word.size()));
    stems.emplace_back(reinterpret_cast<const char*>(stem),
                       stem ? static_cast<size_t>(sb_stemmer_length(stemmer.get())) : 0);
  }
  return stems;
}

icu::UnicodeString FromUtf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string ToUtf8(const icu::UnicodeString& text) {
  std::string out;
  return text.toUTF8String(out);
}

// Scripts that are written without spaces.
bool IsPaired(UChar32 c) {
  UErrorCode error = U_ZERO_ERROR;
  UScriptCode script = uscript_getScript(c, &error);
  return script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ||
         c == 0x30FC;  // the mark of long vowels belongs to no script
}

bool LosesMarks(UChar32 base) {
  UErrorCode error = U_ZERO_ERROR;
  UScriptCode script = uscript_getScript(base, &error);
  return script == USCRIPT_LATIN || script == USCRIPT_GREEK;
}

// Each word with letters or digits; `is_paired` for those that IsPaired characters make up.
void ForEachWord(std::string_view plain,
                 const std::function<void(const std::string&, bool is_paired)>& take) {
  icu::UnicodeString text = FromUtf8(plain);
  // Opening one is slow; each thread keeps its own.
  thread_local UErrorCode error = U_ZERO_ERROR;
  thread_local const std::unique_ptr<icu::BreakIterator> words(
      icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), error));
  if (U_FAILURE(error)) return;
  words->setText(text);
  int32_t begin = words->first();
  icu::UnicodeString paired;
  auto flush = [&paired, &take] {
    if (!paired.isEmpty()) take(ToUtf8(paired), true);
    paired.remove();
  };
  for (int32_t end = words->next(); end != icu::BreakIterator::DONE;
       begin = end, end = words->next()) {
    if (words->getRuleStatus() < UBRK_WORD_NONE_LIMIT) {
      flush();
    } else if (IsPaired(text.char32At(begin))) {
      // Words of one text in a row are one run: where they end, dictionaries disagree.
      paired.append(text, begin, end - begin);
    } else {
      flush();
      take(ToUtf8(text.tempSubStringBetween(begin, std::min(end, begin + kMostUnits))), false);
    }
  }
  flush();
}

size_t CountOf(std::string_view text, std::string_view piece) {
  size_t count = 0;
  for (size_t at = text.find(piece); at != std::string_view::npos;
       at = text.find(piece, at + piece.size())) {
    ++count;
  }
  return count;
}

}  // namespace

std::string Plain(std::string_view folded_text) {
  if (IsAscii(folded_text)) return std::string(folded_text);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* apart = icu::Normalizer2::getNFKDInstance(error);
  const icu::Normalizer2* together = icu::Normalizer2::getNFKCCasefoldInstance(error);
  if (U_FAILURE(error)) return std::string(folded_text);
  icu::UnicodeString decomposed = apart->normalize(FromUtf8(folded_text), error);
  icu::UnicodeString bare;
  bool loses_marks = false;
  for (int32_t at = 0; at < decomposed.length();) {
    UChar32 c = decomposed.char32At(at);
    at += U16_LENGTH(c);
    bool is_mark = u_charType(c) == U_NON_SPACING_MARK;
    if (is_mark && loses_marks) continue;
    if (!is_mark) loses_marks = LosesMarks(c);
    bare.append(c);
  }
  std::string plain = ToUtf8(together->normalize(bare, error));
  return U_FAILURE(error) ? std::string(folded_text) : plain;
}

FuzzyWords::FuzzyWords(std::string_view words) {
  ForEachWord(Plain(words), [this](const std::string& word, bool is_paired) {
    if (terms_.size() >= kMostTerms) return;
    if (!is_paired) return AddWord(word);
    icu::UnicodeString run = FromUtf8(word);
    int32_t count = run.countChar32();
    for (int32_t i = 0; i < std::max(count - 1, 1) && terms_.size() < kMostTerms; ++i) {
      int32_t begin = run.moveIndex32(0, i), end = run.moveIndex32(begin, std::min(count, 2));
      std::string pair = ToUtf8(run.tempSubStringBetween(begin, end));
      terms_.push_back({pair, pair, {}, true});
    }
  });
}

void FuzzyWords::AddWord(const std::string& word) {
  Term term{word, "", StemsOf(word), false};
  icu::UnicodeString text = FromUtf8(word);
  int32_t count = text.countChar32(), beginning = count;
  for (const std::string& stem : term.stems)
    beginning = std::min(beginning, FromUtf8(stem).countChar32() - kStemTail);
  beginning = std::min(count, std::max(beginning, kLeastBeginning));
  term.beginning = ToUtf8(text.tempSubStringBetween(0, text.moveIndex32(0, beginning)));
  terms_.push_back(std::move(term));
}

std::vector<std::string> FuzzyWords::Pieces() const {
  std::vector<std::string> pieces;
  for (const Term& term : terms_) pieces.push_back(term.beginning);
  return pieces;
}

bool FuzzyWords::IsForm(const Term& term, std::string_view word) {
  if (!word.starts_with(term.beginning)) return false;
  if (word == term.text) return true;
  std::vector<std::string> stems = StemsOf(word);
  for (size_t i = 0; i < std::min(stems.size(), term.stems.size()); ++i) {
    if (stems[i] == term.stems[i]) return true;
  }
  return false;
}

void FuzzyWords::Count(std::string_view plain_text, std::vector<Hits>& hits) const {
  bool has_words = false;
  for (size_t i = 0; i < terms_.size(); ++i) {
    const Term& term = terms_[i];
    if (!term.is_pair) {
      has_words = has_words || plain_text.find(term.beginning) != std::string_view::npos;
      continue;
    }
    size_t count = CountOf(plain_text, term.text);
    hits[i].count += count;
    hits[i].exact = hits[i].exact || count > 0;
  }
  // Most often there is nothing that could be a word of it: the words need not be told apart.
  if (!has_words) return;
  ForEachWord(plain_text, [this, &hits](const std::string& word, bool is_paired) {
    if (is_paired) return;
    for (size_t i = 0; i < terms_.size(); ++i) {
      if (terms_[i].is_pair || !IsForm(terms_[i], word)) continue;
      ++hits[i].count;
      hits[i].exact = hits[i].exact || word == terms_[i].text;
    }
  });
}

}  // namespace pennypost::search
