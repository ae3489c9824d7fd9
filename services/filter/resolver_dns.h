#pragma once
// DnsAsker over the resolver service.

#include "pennypost/resolver/v1/resolver_service.pb.h"
#include "services/filter/core/authenticate.h"

namespace pennypost::filter {

class ResolverDns final : public DnsAsker {
 public:
  // `resolver` is read at each call: it is set only when all services are connected.
  explicit ResolverDns(resolver::v1::ResolverService* const& resolver) : resolver_(resolver) {}
  net::Awaitable<mailauth::DnsAnswer> Ask(mailauth::DnsQuestion question,
                                          absl::Duration timeout) override;

 private:
  resolver::v1::ResolverService* const& resolver_;
};

}  // namespace pennypost::filter
