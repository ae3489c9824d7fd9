#pragma once
// IP addresses, networks and HOST:PORT texts.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pennypost::net {

// An IPv4 or IPv6 address in 16 bytes; IPv4 as ::ffff:a.b.c.d, so that a mapped address is the same
// as the plain one.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const IpAddress&) const = default;
  bool IsV4() const;
  // "192.0.2.1", "2001:db8::1".
  std::string ToString() const;
  static std::optional<IpAddress> Parse(std::string_view text);
  // What limits count by: the address itself for IPv4, its /64 for IPv6.
  std::string LimitKey() const;
  // The network around it, as one attacker may well hold it whole: /24, or /56 for IPv6.
  std::string NetworkKey() const;
  // Loopback, private, link-local, multicast, documentation-free list of ROBUSTNESS N4 and W3:
  // never a place that a name in somebody else's DNS may send us to.
  bool IsSpecial() const;
};

// "192.0.2.0/24", "2001:db8::/32" or one address.
struct Cidr {
  IpAddress network;
  int prefix = 128;  // of the 16-byte form

  bool Contains(const IpAddress& address) const;
  static absl::StatusOr<Cidr> Parse(std::string_view text);
};

absl::StatusOr<std::vector<Cidr>> ParseCidrs(const std::vector<std::string>& texts);
bool ContainsAny(const std::vector<Cidr>& networks, const IpAddress& address);

struct HostPort {
  std::string host;
  uint16_t port = 0;
};

// "127.0.0.1:25", "[::1]:25", "mail.example:25".
absl::StatusOr<HostPort> ParseHostPort(std::string_view text);

}  // namespace pennypost::net
