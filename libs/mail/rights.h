#pragma once
// What somebody may do to a mailbox (RFC 4314 2.1): a set of the letters l r s w i p k x t e a.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::mail {

class Rights {
 public:
  // The order in which they are written.
  static constexpr std::string_view kLetters = "lrswipkxtea";

  constexpr Rights() = default;
  static Rights All();
  // Nothing for a letter that names no right. "c" and "d" are read as RFC 4314 2.1.1 wants: kx, and
  // te.
  static std::optional<Rights> Parse(std::string_view letters);

  bool Has(char letter) const;
  bool empty() const { return bits_ == 0; }
  Rights With(Rights more) const { return Rights(bits_ | more.bits_); }
  Rights Without(Rights less) const { return Rights(bits_ & ~unsigned{less.bits_}); }
  // Those that are in both.
  Rights And(Rights other) const { return Rights(bits_ & other.bits_); }
  bool operator==(const Rights&) const = default;

  std::string ToString() const;
  // With the "c" and "d" that clients of RFC 2086 look for.
  std::string ForClients() const;

 private:
  explicit constexpr Rights(unsigned bits) : bits_(static_cast<uint16_t>(bits)) {}

  uint16_t bits_ = 0;  // by place in kLetters
};

}  // namespace pennypost::mail
