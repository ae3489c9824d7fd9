#include "services/resolver/core/route.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/text.h"
#include "net/address.h"

namespace pennypost::resolver {
namespace {

constexpr size_t kMaxHosts = 20;
constexpr size_t kMaxAddresses = 40;

// One FindRoute under way. Both address types of all hosts are asked at once; the last answer ends
// it.
struct Search {
  Route route;
  std::vector<Answer> v4, v6;  // parallel to route.hosts
  std::atomic<size_t> open = 0;
  bool mx_secure = false;
  std::function<void(Route)> on_done;
};

bool IsTemporary(Status status) {
  return status == Status::kTemporary || status == Status::kBogus;
}

// Why a host has no address: trouble outweighs absence, since it may pass.
Status Worse(const Answer& a, const Answer& b) {
  if (IsTemporary(a.status)) return a.status;
  if (IsTemporary(b.status)) return b.status;
  return a.status == Status::kNxDomain ? Status::kNxDomain : Status::kNoData;
}

void FillHost(RouteHost& host, const Answer& v6, const Answer& v4, bool mx_secure, size_t& left) {
  host.secure = mx_secure;
  for (const Answer* answer : {&v6, &v4}) {
    for (const Record& record : answer->records) {
      if (left == 0) break;
      --left;
      host.addresses.push_back(record.value);
    }
    host.secure = host.secure && answer->secure;
  }
  host.status = host.addresses.empty() ? Worse(v4, v6) : Status::kOk;
}

void Finish(Search& search) {
  Route& route = search.route;
  size_t left = kMaxAddresses;
  for (size_t i = 0; i < route.hosts.size(); ++i) {
    FillHost(route.hosts[i], search.v6[i], search.v4[i], search.mx_secure, left);
  }
  // A domain without MX is its own host: what is wrong with that one is wrong with the route.
  route.status = route.implicit ? route.hosts[0].status : Status::kOk;
  if (route.status != Status::kOk) route.detail = search.v4[0].detail;
  search.on_done(std::move(route));
}

void FindAddresses(DnsClient& dns, const std::shared_ptr<Search>& search) {
  size_t hosts = search->route.hosts.size();
  search->v4.resize(hosts);
  search->v6.resize(hosts);
  search->open = hosts * 2;
  // Answers may come while others are still asked: names are read off a copy.
  std::vector<std::string> names;
  for (const RouteHost& host : search->route.hosts) names.push_back(host.name);
  for (size_t i = 0; i < hosts; ++i) {
    for (Type type : {Type::kAaaa, Type::kA}) {
      dns.Lookup(names[i], type, [search, i, type](Answer answer) {
        (type == Type::kA ? search->v4 : search->v6)[i] = std::move(answer);
        if (--search->open == 0) Finish(*search);
      });
    }
  }
}

void OnMx(DnsClient& dns, const std::string& domain, const Random& random,
          const std::shared_ptr<Search>& search, const Answer& mx) {
  Route& route = search->route;
  route.detail = mx.detail;
  route.status = mx.status;
  if (mx.status != Status::kOk && mx.status != Status::kNoData)
    return search->on_done(std::move(route));
  search->mx_secure = mx.secure;
  if (mx.status == Status::kNoData) {
    route.implicit = true;
    route.hosts.push_back({domain, 0, {}, false, Status::kNoData});
    return FindAddresses(dns, search);
  }
  route.hosts = OrderHosts(mx, random);
  // RFC 7505 3: a lone "." says that there is no mail; beside others it is a mistake and left out.
  if (route.hosts.empty()) {
    route.null_mx = true;
    return search->on_done(std::move(route));
  }
  FindAddresses(dns, search);
}

// RFC 5321 4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]".
bool LiteralRoute(std::string_view domain, Route& route) {
  if (!domain.starts_with('[') || !domain.ends_with(']')) return false;
  std::string_view inside = domain.substr(1, domain.size() - 2);
  if (StartsWithIgnoreCase(inside, "IPv6:")) inside.remove_prefix(5);
  std::optional<net::IpAddress> ip = net::IpAddress::Parse(inside);
  route.status = ip ? Status::kOk : Status::kNxDomain;
  route.implicit = true;
  if (ip) route.hosts.push_back({std::string(domain), 0, {ip->ToString()}, false, Status::kOk});
  return true;
}

std::string ReverseName(const net::IpAddress& ip) {
  std::string name;
  if (ip.IsV4()) {
    for (size_t i = 16; i-- > 12;) name += std::to_string(ip.bytes[i]) + ".";
    return name + "in-addr.arpa";
  }
  constexpr char kHex[] = "0123456789abcdef";
  for (size_t i = 16; i-- > 0;) name += {kHex[ip.bytes[i] & 15], '.', kHex[ip.bytes[i] >> 4], '.'};
  return name + "ip6.arpa";
}

}  // namespace

std::vector<RouteHost> OrderHosts(const Answer& mx, const Random& random) {
  std::vector<RouteHost> hosts;
  for (const Record& record : mx.records) {
    if (!record.value.empty())
      hosts.push_back({ToLower(record.value), record.preference, {}, false, Status::kNoData});
  }
  for (size_t i = hosts.size(); i > 1; --i) {
    std::swap(hosts[i - 1], hosts[random(static_cast<uint32_t>(i))]);
  }
  std::stable_sort(hosts.begin(), hosts.end(), [](const RouteHost& a, const RouteHost& b) {
    return a.preference < b.preference;
  });
  std::vector<RouteHost> unique;
  for (RouteHost& host : hosts) {
    bool known = std::any_of(unique.begin(), unique.end(),
                             [&host](const RouteHost& u) { return u.name == host.name; });
    if (!known && unique.size() < kMaxHosts) unique.push_back(std::move(host));
  }
  return unique;
}

void FindRoute(DnsClient& dns, const std::string& domain, Random random,
               std::function<void(Route)> on_done) {
  auto search = std::make_shared<Search>();
  search->on_done = std::move(on_done);
  if (LiteralRoute(domain, search->route)) return search->on_done(std::move(search->route));
  dns.Lookup(domain, Type::kMx, [&dns, domain, random = std::move(random), search](Answer mx) {
    OnMx(dns, domain, random, search, mx);
  });
}

void VerifyPtr(DnsClient& dns, const std::string& text, std::function<void(PtrNames)> on_done) {
  constexpr size_t kMaxNames = 10;
  std::optional<net::IpAddress> ip = net::IpAddress::Parse(text);
  if (!ip) return on_done({Status::kNxDomain, {}});
  struct Check {
    PtrNames result;
    std::vector<std::string> candidates;
    std::vector<char> confirmed;  // not bool: neighbours are written by different callbacks
    std::atomic<size_t> open = 0;
    std::function<void(PtrNames)> on_done;
  };
  auto check = std::make_shared<Check>();
  check->on_done = std::move(on_done);
  dns.Lookup(ReverseName(*ip), Type::kPtr, [&dns, ip = *ip, check](Answer pointers) {
    check->result.status = pointers.status;
    for (Record& record : pointers.records) {
      if (check->candidates.size() < kMaxNames) check->candidates.push_back(ToLower(record.value));
    }
    size_t count = check->candidates.size();
    if (count == 0) return check->on_done(std::move(check->result));
    check->confirmed.resize(count);
    check->open = count;
    for (size_t i = 0; i < count; ++i) {
      dns.Lookup(check->candidates[i], ip.IsV4() ? Type::kA : Type::kAaaa,
                 [check, ip, i](Answer forward) {
                   for (const Record& record : forward.records) {
                     if (net::IpAddress::Parse(record.value) == ip) check->confirmed[i] = 1;
                   }
                   if (--check->open > 0) return;
                   for (size_t k = 0; k < check->candidates.size(); ++k) {
                     if (check->confirmed[k] != 0)
                       check->result.names.push_back(check->candidates[k]);
                   }
                   check->on_done(std::move(check->result));
                 });
    }
  });
}

}  // namespace pennypost::resolver
