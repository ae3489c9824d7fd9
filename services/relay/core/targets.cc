#include "services/relay/core/targets.h"

#include <algorithm>

#include "base/text.h"

namespace pennypost::relay {
namespace {

std::optional<DeliveryResult> ProblemOf(const MailHosts& hosts) {
  switch (hosts.status) {
    case HostStatus::kFound:
      return std::nullopt;
    case HostStatus::kNoDomain:
      return Failed(550, "5.1.2", "the domain does not exist");
    case HostStatus::kNoHost:
      return Failed(550, "5.4.4", "the domain has no mail host");
    case HostStatus::kNullMx:
      return Failed(556, "5.1.10", "the domain takes no mail (null MX, RFC 7505)");
    case HostStatus::kTemporary:
      break;
  }
  return Deferred("4.4.3", hosts.detail.empty() ? "DNS gives no answer" : "DNS: " + hosts.detail);
}

}  // namespace

Targets ChooseTargets(const Route& route, const MailHosts& hosts, const TargetOptions& options) {
  Targets targets;
  if (std::optional<DeliveryResult> problem = ProblemOf(hosts)) {
    targets.problem = *std::move(problem);
    return targets;
  }
  bool by_mx = route.kind == Route::Kind::kMx;
  bool temporary = false, refused = false, ourselves = false;
  std::optional<uint16_t> own_preference;
  for (const MailHost& host : hosts.hosts) {
    if (by_mx && EqualsIgnoreCase(host.name, options.own_name)) own_preference = host.preference;
  }
  for (const MailHost& host : hosts.hosts) {
    if (own_preference && host.preference >= *own_preference) {
      ourselves = true;
      continue;
    }
    temporary = temporary || host.temporary;
    for (const std::string& text : host.addresses) {
      std::optional<net::IpAddress> address = net::IpAddress::Parse(text);
      if (!address || targets.list.size() == options.max_targets) continue;
      // ROBUSTNESS N4: only a configured route leads into a private network.
      if (by_mx && !options.allow_private && address->IsSpecial()) {
        refused = true;
        continue;
      }
      targets.list.push_back({host.name, *address, route.port});
    }
  }
  if (temporary) {
    targets.problem = Deferred("4.4.3", "DNS gives no address of the mail hosts");
  } else if (refused || ourselves) {
    targets.problem = Failed(550, "5.4.6",
                             ourselves ? "mail for this domain comes back to us"
                                       : "the mail hosts have private addresses only");
  } else {
    targets.problem = Failed(550, "5.4.4", "the mail hosts have no address");
  }
  return targets;
}

}  // namespace pennypost::relay
