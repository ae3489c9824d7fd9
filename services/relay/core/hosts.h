#pragma once
// Where the hosts of a domain are, as DNS says it.

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "net/awaitable.h"

namespace pennypost::relay {

enum class HostStatus {
  kFound,
  kNoDomain,   // NXDOMAIN
  kNoHost,     // the domain exists, and nothing takes its mail
  kNullMx,     // RFC 7505
  kTemporary,  // DNS trouble or bogus signatures: never a reason to bounce
};

struct MailHost {
  std::string name;
  uint16_t preference = 0;
  std::vector<std::string> addresses;
  bool temporary = false;  // without addresses only because DNS failed
};

struct MailHosts {
  HostStatus status = HostStatus::kTemporary;
  std::vector<MailHost> hosts;  // in the order to try
  std::string detail;
};

// Trouble with the resolver itself is kTemporary.
class HostFinder {
 public:
  virtual ~HostFinder() = default;
  virtual net::Awaitable<MailHosts> ForDomain(std::string domain) = 0;
  // One host of a configured route.
  virtual net::Awaitable<MailHosts> ForHost(std::string name) = 0;
};

}  // namespace pennypost::relay
