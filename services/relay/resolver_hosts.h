#pragma once
// HostFinder over the resolver service.

#include "pennypost/resolver/v1/resolver_service.pb.h"
#include "services/relay/core/hosts.h"

namespace pennypost::relay {

class ResolverHosts final : public HostFinder {
 public:
  // `resolver` is read at each call: it is set only when all services are connected.
  explicit ResolverHosts(resolver::v1::ResolverService* const& resolver) : resolver_(resolver) {}

  net::Awaitable<MailHosts> ForDomain(std::string domain) override;
  net::Awaitable<MailHosts> ForHost(std::string name) override;

 private:
  resolver::v1::ResolverService* const& resolver_;
};

}  // namespace pennypost::relay
