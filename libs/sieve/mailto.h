#pragma once
// mailto: URIs (RFC 6068) of notify, as far as RFC 5436 uses them.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pennypost::sieve {

inline constexpr size_t kMaxMailtoRecipients = 4;

struct Mailto {
  std::vector<std::string> to;  // addresses
  std::string subject;
  std::string body;
};

// InvalidArgument for what is none. Fields other than subject and body are left out: a URI must not
// forge a header (RFC 5436 2.7).
absl::StatusOr<Mailto> ParseMailto(std::string_view uri);

}  // namespace pennypost::sieve
