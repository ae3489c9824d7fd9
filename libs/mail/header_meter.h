#pragma once
// Counts what a header costs while it streams by, so that a bomb is known before it is held
// (ROBUSTNESS S10).

#include <string>
#include <string_view>

#include "mail/header.h"

namespace pennypost::mail {

class HeaderMeter {
 public:
  explicit HeaderMeter(const HeaderLimits& limits = {}) : limits_(limits) {}

  // The next bytes of the message, in any split. False once the header is over a limit, and ever
  // after. Ends the header where ParseHeaderBlock does; what follows is free.
  bool Take(std::string_view bytes);

 private:
  enum class Place { kLineStart, kName, kSpaceBehindName, kValue, kBody };
  void OnByte(char c);
  void OnLineStart(char c);
  void OnName(char c);
  void BeginValue();

  HeaderLimits limits_;
  Place place_ = Place::kLineStart;
  std::string name_;  // of the field under way, as far as it can be an address field's
  bool has_addresses_ = false;
  bool over_ = false;
  size_t bytes_ = 0;
  size_t fields_ = 0;
  size_t field_bytes_ = 0;
  size_t address_tokens_ = 0;
};

}  // namespace pennypost::mail
