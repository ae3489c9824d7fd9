#include "services/relay/core/routes.h"

#include <optional>

#include "base/text.h"
#include "net/address.h"

namespace pennypost::relay {
namespace {

bool Matches(std::string_view pattern, std::string_view domain) {
  if (pattern == "*") return true;
  if (!pattern.starts_with("*.")) return EqualsIgnoreCase(pattern, domain);
  std::string_view tail = pattern.substr(1);
  return domain.size() > tail.size() &&
         EqualsIgnoreCase(domain.substr(domain.size() - tail.size()), tail);
}

template <class Value>
struct Named {
  std::string_view name;
  Value value;
};
constexpr Named<Route::Kind> kKinds[] = {{"mx", Route::Kind::kMx},
                                         {"smtp", Route::Kind::kSmtp},
                                         {"lmtp", Route::Kind::kLmtp},
                                         {"hold", Route::Kind::kHold}};
constexpr Named<Route::Tls> kTls[] = {{"none", Route::Tls::kNone},
                                      {"opportunistic", Route::Tls::kOpportunistic},
                                      {"required", Route::Tls::kRequired},
                                      {"implicit", Route::Tls::kImplicit}};

template <class Value, size_t kCount>
absl::Status Choose(const Named<Value> (&known)[kCount], std::string_view what,
                    std::string_view name, Value& value) {
  for (const Named<Value>& one : known) {
    if (one.name != name) continue;
    value = one.value;
    return absl::OkStatus();
  }
  return SyntaxError("unknown " + std::string(what) + " '" + std::string(name) + "'");
}

absl::StatusOr<Route> Compile(const RouteRow& row, uint16_t smtp_port) {
  Route route;
  route.port = smtp_port;
  if (row.domain.empty()) return SyntaxError("a domain is needed");
  RETURN_IF_ERROR(Choose(kKinds, "kind", row.kind, route.kind));
  RETURN_IF_ERROR(Choose(kTls, "tls", row.tls, route.tls));
  route.user = row.user;
  route.password = row.password;
  route.reason = row.reason;
  if (route.kind == Route::Kind::kHold && row.reason.empty())
    return SyntaxError("kind hold needs a reason");
  bool has_host = route.kind == Route::Kind::kSmtp || route.kind == Route::Kind::kLmtp;
  if (!has_host) return route;
  ASSIGN_OR_RETURN(net::HostPort host, net::ParseHostPort(row.host));
  route.host = host.host;
  route.port = host.port;
  bool clear_text = route.tls == Route::Tls::kNone || route.tls == Route::Tls::kOpportunistic;
  if (!route.user.empty() && clear_text)
    return SyntaxError("a login needs tls: required or implicit");
  return route;
}

}  // namespace

absl::StatusOr<RouteTable> RouteTable::Create(const std::vector<RouteRow>& rows,
                                              std::string_view default_route, uint16_t smtp_port) {
  RouteTable table;
  std::string problems;
  auto add = [&problems](const std::string& problem) {
    problems += (problems.empty() ? "" : "\n") + problem;
  };
  for (const RouteRow& row : rows) {
    absl::StatusOr<Route> route = Compile(row, smtp_port);
    if (route.ok()) {
      table.entries_.push_back({row.domain, *std::move(route)});
    } else {
      add("relay.routes: '" + row.domain + "': " + MessageOf(route.status()));
    }
  }
  table.default_.port = smtp_port;
  if (default_route == "hold") {
    table.default_.kind = Route::Kind::kHold;
    table.default_.reason = "no route to this domain is configured";
  } else if (default_route != "mx") {
    add("relay.default_route must be mx or hold");
  }
  if (!problems.empty()) return SyntaxError(problems);
  return table;
}

const Route& RouteTable::For(std::string_view domain) const {
  for (const Entry& entry : entries_) {
    if (Matches(entry.pattern, domain)) return entry.route;
  }
  return default_;
}

}  // namespace pennypost::relay
