#pragma once
// The Authentication-Results field (RFC 8601): ours written, forged ones found.

#include <string>
#include <string_view>
#include <vector>

#include "mail/header.h"

namespace pennypost::mailauth {

struct AuthProperty {
  std::string name;  // "smtp.mailfrom", "header.d"
  std::string value;
};

// One method's result. DMARC and ARC use the same form.
struct AuthMethod {
  std::string method;  // "spf", "dkim", "auth"
  std::string result;  // "pass"
  std::string reason;  // free text, may be empty
  std::vector<AuthProperty> properties;
};

// The whole field with its CRLF. Values that came from outside are quoted and freed of what could
// end the field. Without methods it says "none" (RFC 8601 2.2).
std::string AuthenticationResults(std::string_view authserv_id,
                                  const std::vector<AuthMethod>& methods);

// The authserv-id of a field's value; empty where it has none that can be read.
std::string AuthservId(std::string_view value);

// The results of a field's value, "spf=pass smtp.mailfrom=a@b" each, comments kept and white space
// reduced to single spaces. None for "none".
std::vector<std::string> AuthResultsOf(std::string_view value);

// Indexes of the Authentication-Results fields that must go before ours is added (RFC 8601 5):
// those that bear one of `own_ids`, in any case and with or without a final dot, and those that
// cannot be read.
std::vector<size_t> ForgedAuthResults(const mail::HeaderBlock& block,
                                      const std::vector<std::string>& own_ids);

}  // namespace pennypost::mailauth
