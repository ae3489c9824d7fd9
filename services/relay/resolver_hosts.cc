#include "services/relay/resolver_hosts.h"

#include "net/address.h"
#include "rpc/call.h"

namespace pennypost::relay {
namespace {

using resolver::v1::ResolverService;

constexpr absl::Duration kTimeout = absl::Seconds(20);

bool IsTemporary(resolver::v1::DnsStatus status) {
  return status == resolver::v1::DNS_STATUS_TEMPORARY || status == resolver::v1::DNS_STATUS_BOGUS ||
         status == resolver::v1::DNS_STATUS_UNSPECIFIED;
}

HostStatus StatusOf(resolver::v1::DnsStatus status) {
  if (IsTemporary(status)) return HostStatus::kTemporary;
  if (status == resolver::v1::DNS_STATUS_NXDOMAIN) return HostStatus::kNoDomain;
  return status == resolver::v1::DNS_STATUS_OK ? HostStatus::kFound : HostStatus::kNoHost;
}

}  // namespace

net::Awaitable<MailHosts> ResolverHosts::ForDomain(std::string domain) {
  MailHosts hosts;
  hosts.detail = "the resolver does not answer";
  if (resolver_ == nullptr) co_return hosts;
  resolver::v1::ResolveRouteRequest request;
  request.set_domain(domain);
  auto call = rpc::Call(*resolver_, &ResolverService::ResolveRoute, std::move(request), kTimeout);
  absl::StatusOr<resolver::v1::ResolveRouteResponse> route = co_await std::move(call);
  if (!route.ok()) co_return hosts;
  hosts.detail = route->detail();
  hosts.status = route->null_mx() ? HostStatus::kNullMx : StatusOf(route->status());
  for (const resolver::v1::MxHost& host : route->hosts()) {
    MailHost out;
    out.name = host.name();
    out.preference = static_cast<uint16_t>(host.preference());
    out.addresses.assign(host.addresses().begin(), host.addresses().end());
    out.temporary = out.addresses.empty() && IsTemporary(host.status());
    hosts.hosts.push_back(std::move(out));
  }
  co_return hosts;
}

net::Awaitable<MailHosts> ResolverHosts::ForHost(std::string name) {
  MailHosts hosts;
  hosts.hosts.resize(1);
  hosts.hosts[0].name = name;
  if (net::IpAddress::Parse(name)) {
    hosts.status = HostStatus::kFound;
    hosts.hosts[0].addresses = {name};
    co_return hosts;
  }
  hosts.detail = "the resolver does not answer";
  if (resolver_ == nullptr) co_return hosts;
  for (resolver::v1::RecordType type :
       {resolver::v1::RECORD_TYPE_AAAA, resolver::v1::RECORD_TYPE_A}) {
    resolver::v1::LookupRequest request;
    request.set_name(name);
    request.set_type(type);
    auto call = rpc::Call(*resolver_, &ResolverService::Lookup, std::move(request), kTimeout);
    absl::StatusOr<resolver::v1::LookupResponse> answer = co_await std::move(call);
    if (!answer.ok()) co_return hosts;
    for (const resolver::v1::DnsRecord& record : answer->records())
      hosts.hosts[0].addresses.push_back(record.value());
  }
  // A host of our own configuration that is not in DNS is a mistake of ours: the mail waits for us
  // to mend it.
  hosts.detail = "no address of " + name;
  if (!hosts.hosts[0].addresses.empty()) hosts.status = HostStatus::kFound;
  co_return hosts;
}

}  // namespace pennypost::relay
