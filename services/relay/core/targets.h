#pragma once
// From what DNS says to the addresses to try, or to the reason why there are none. Pure.

#include <optional>
#include <string>
#include <vector>

#include "net/address.h"
#include "services/relay/core/hosts.h"
#include "services/relay/core/result.h"
#include "services/relay/core/routes.h"

namespace pennypost::relay {

struct Target {
  std::string host;
  net::IpAddress address;
  uint16_t port = 25;
};

struct Targets {
  std::vector<Target> list;
  DeliveryResult problem;  // where the list is empty
};

struct TargetOptions {
  std::string own_name;  // RFC 5321 5.1: mail never goes to ourselves or a less preferred host
  bool allow_private = false;  // addresses that nobody else's DNS may send us to
  size_t max_targets = 10;
};

Targets ChooseTargets(const Route& route, const MailHosts& hosts, const TargetOptions& options);

}  // namespace pennypost::relay
