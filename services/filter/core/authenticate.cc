#include "services/filter/core/authenticate.h"

namespace pennypost::filter {

net::Awaitable<void> Authenticate(mailauth::MessageAuth& auth, DnsAsker& dns, const Clock& clock) {
  absl::Time deadline = clock.Now() + kDnsBudget;
  while (const mailauth::DnsQuestion* question = auth.Next()) {
    mailauth::DnsAnswer answer{mailauth::DnsStatus::kTimeout, {}, false};
    absl::Duration left = deadline - clock.Now();
    if (left > absl::ZeroDuration()) {
      auto ask = dns.Ask(*question, left);
      answer = co_await std::move(ask);
    }
    auth.Resume(std::move(answer));
  }
}

}  // namespace pennypost::filter
