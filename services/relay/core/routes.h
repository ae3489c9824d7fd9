#pragma once
// Where mail for a domain goes by configuration: the first row that matches, else the default.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pennypost::relay {

struct Route {
  enum class Kind { kMx, kSmtp, kLmtp, kHold };
  enum class Tls { kNone, kOpportunistic, kRequired, kImplicit };

  Kind kind = Kind::kMx;
  std::string host;  // of kSmtp and kLmtp
  uint16_t port = 25;
  Tls tls = Tls::kOpportunistic;
  std::string user, password;
  std::string reason;  // of kHold
};

// A row as it stands in the configuration.
struct RouteRow {
  std::string domain;  // "example.org", "*.example.org" or "*"
  std::string kind = "smtp";
  std::string host;  // HOST:PORT
  std::string tls = "opportunistic";
  std::string user, password, reason;
};

class RouteTable {
 public:
  // `default_route` is mx or hold. All problems at once, one a line.
  static absl::StatusOr<RouteTable> Create(const std::vector<RouteRow>& rows,
                                           std::string_view default_route, uint16_t smtp_port);
  const Route& For(std::string_view domain) const;

 private:
  struct Entry {
    std::string pattern;
    Route route;
  };
  std::vector<Entry> entries_;
  Route default_;
};

}  // namespace pennypost::relay
