#pragma once
// Where mail for a domain goes (RFC 5321 5.1, RFC 7505), and what an address is called.

#include <functional>
#include <string>
#include <vector>

#include "services/resolver/core/dns.h"

namespace pennypost::resolver {

struct RouteHost {
  std::string name;
  uint16_t preference = 0;
  std::vector<std::string> addresses;  // in the order to try
  bool secure = false;                 // the MX and all addresses are validated
  Status status = Status::kNoData;     // kOk where there are addresses; else why there are none
};

struct Route {
  // kOk: `hosts` holds at least one host, though maybe without addresses. kNxDomain, kNoData: no
  // mail can go there.
  Status status = Status::kTemporary;
  std::vector<RouteHost> hosts;  // in the order to try
  bool null_mx = false;
  bool implicit = false;  // no MX: the domain itself is the host
  std::string detail;
};

// A number below `bound`.
using Random = std::function<uint32_t(uint32_t bound)>;

// RFC 5321 5.1: by preference, shuffled within one. At most 20 hosts; a host named twice counts
// once.
std::vector<RouteHost> OrderHosts(const Answer& mx, const Random& random);

// At most 40 addresses in all. `domain` may be an address literal. `on_done` runs once.
void FindRoute(DnsClient& dns, const std::string& domain, Random random,
               std::function<void(Route)> on_done);

struct PtrNames {
  Status status = Status::kTemporary;
  std::vector<std::string> names;  // those that lead back to the address; at most 10 are looked at
};
void VerifyPtr(DnsClient& dns, const std::string& ip, std::function<void(PtrNames)> on_done);

}  // namespace pennypost::resolver
