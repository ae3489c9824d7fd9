#include "mail/rights.h"

namespace pennypost::mail {
namespace {

// Nothing for what is no right.
std::optional<unsigned> BitsOf(char letter) {
  if (letter == 'c') return *BitsOf('k') | *BitsOf('x');
  if (letter == 'd') return *BitsOf('t') | *BitsOf('e');
  size_t place = Rights::kLetters.find(letter);
  if (place == std::string_view::npos) return std::nullopt;
  return 1U << place;
}

}  // namespace

Rights Rights::All() {
  return Rights((1U << kLetters.size()) - 1);
}

std::optional<Rights> Rights::Parse(std::string_view letters) {
  unsigned bits = 0;
  for (char letter : letters) {
    auto more = BitsOf(letter);
    if (!more) return std::nullopt;
    bits |= *more;
  }
  return Rights(bits);
}

bool Rights::Has(char letter) const {
  return (bits_ & BitsOf(letter).value_or(0)) != 0;
}

std::string Rights::ToString() const {
  std::string out;
  for (char letter : kLetters) {
    if (Has(letter)) out += letter;
  }
  return out;
}

std::string Rights::ForClients() const {
  std::string out = ToString();
  if (Has('c')) out += 'c';
  if (Has('d')) out += 'd';
  return out;
}

}  // namespace pennypost::mail
