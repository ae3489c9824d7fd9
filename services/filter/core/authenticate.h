#pragma once
// The authentication of one message: runs the step machine of mailauth over an asker of DNS.

#include <absl/time/time.h>

#include "base/clock.h"
#include "mailauth/dns.h"
#include "mailauth/message_auth.h"
#include "net/awaitable.h"

namespace pennypost::filter {

// The way to DNS. Trouble on it is an answer (kTimeout), never an error.
class DnsAsker {
 public:
  virtual ~DnsAsker() = default;
  virtual net::Awaitable<mailauth::DnsAnswer> Ask(mailauth::DnsQuestion question,
                                                  absl::Duration timeout) = 0;
};

// Whoever asks for a verdict waits 10 s (ROBUSTNESS F4): what DNS has not said well before that is
// a temporary error of one check, and the verdict is in time.
inline constexpr absl::Duration kDnsBudget = absl::Seconds(7);

// Answers all that `auth` asks. It lives until the end.
net::Awaitable<void> Authenticate(mailauth::MessageAuth& auth, DnsAsker& dns, const Clock& clock);

}  // namespace pennypost::filter
