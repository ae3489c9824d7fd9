#pragma once
// Words as people mean them, for SEARCH=FUZZY (RFC 6203): accents and case do not matter, and words
// match in all their forms ("run" finds "running"). Words end where Unicode says (UAX 29, by ICU);
// forms are told by the Snowball stemmers of several languages, since mail does not say its own;
// Chinese and Japanese, which have no spaces, go by pairs of characters.

#include <string>
#include <string_view>
#include <vector>

namespace pennypost::search {

// Folded text for fuzzy comparison: compatibility forms and accents of Latin and Greek letters are
// gone. The same as the text where that is ASCII.
std::string Plain(std::string_view folded_text);

// What one search for words looks for. All of the words must be there, in any order.
class FuzzyWords {
 public:
  explicit FuzzyWords(std::string_view words);

  // Words of Plain text that each text with a match has: what an index is asked. One for each word
  // that is long enough for it.
  std::vector<std::string> Pieces() const;

  struct Hits {
    bool exact = false;  // the word as it was asked for
    size_t count = 0;    // in any form
  };
  size_t size() const { return terms_.size(); }
  // Adds what a text, Plain, has of each word. `hits` is as long as size().
  void Count(std::string_view plain_text, std::vector<Hits>& hits) const;

 private:
  struct Term {
    std::string text;
    std::string beginning;  // which all forms have
    std::vector<std::string> stems;
    bool is_pair = false;
  };
  void AddWord(const std::string& word);
  static bool IsForm(const Term& term, std::string_view word);

  std::vector<Term> terms_;
};

}  // namespace pennypost::search
