#pragma once
// SPF and DKIM of one message: runs the step machines of mailauth over an asker of DNS.

#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mailauth/auth_results.h"
#include "mailauth/dns.h"
#include "net/awaitable.h"

namespace pennypost::filter {

// The way to DNS. Trouble on it is an answer (kTimeout), never an error.
class DnsAsker {
 public:
  virtual ~DnsAsker() = default;
  virtual net::Awaitable<mailauth::DnsAnswer> Ask(mailauth::DnsQuestion question,
                                                  absl::Duration timeout) = 0;
};

struct SpfInput {
  std::string client_ip;
  std::string helo;
  std::string mail_from;
  std::string receiver;
};

// RFC 7208 4.6.4 leaves at least 20 s for all look-ups; both get that.
net::Awaitable<mailauth::AuthMethod> CheckSpf(DnsAsker& dns, const Clock& clock, SpfInput input);
// `message` lives until the end. One result a signature; "none" for an unsigned message.
net::Awaitable<std::vector<mailauth::AuthMethod>> CheckDkim(DnsAsker& dns, const Clock& clock,
                                                            std::string_view message);

}  // namespace pennypost::filter
