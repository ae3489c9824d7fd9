#pragma once
// DnsAsker over the resolver service, with the answers of the last time at hand: one message asks
// five times and more, and the next one of the same sender asks the same.

#include "base/expiring_cache.h"
#include "pennypost/resolver/v1/resolver_service.pb.h"
#include "services/filter/core/authenticate.h"

namespace pennypost::filter {

class ResolverDns final : public DnsAsker {
 public:
  // `resolver` is read at each call: it is set only when all services are connected.
  ResolverDns(resolver::v1::ResolverService* const& resolver, const Clock& clock);
  net::Awaitable<mailauth::DnsAnswer> Ask(mailauth::DnsQuestion question,
                                          absl::Duration timeout) override;

 private:
  resolver::v1::ResolverService* const& resolver_;
  ExpiringCache<mailauth::DnsAnswer> known_;
};

}  // namespace pennypost::filter
