#include "net/address.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/text.h"

namespace pennypost::net {
namespace {
constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
}

bool IpAddress::IsV4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (IsV4()) {
    inet_ntop(AF_INET, bytes.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  std::string owned(text);
  IpAddress address;
  if (inet_pton(AF_INET, owned.c_str(), address.bytes.data() + 12) == 1) {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
    return address;
  }
  if (inet_pton(AF_INET6, owned.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddress::LimitKey() const {
  if (IsV4()) return ToString();
  IpAddress network = *this;
  std::fill(network.bytes.begin() + 8, network.bytes.end(), uint8_t{0});
  return network.ToString() + "/64";
}

std::string IpAddress::NetworkKey() const {
  IpAddress network = *this;
  if (IsV4()) {
    network.bytes[15] = 0;
    return network.ToString() + "/24";
  }
  std::fill(network.bytes.begin() + 7, network.bytes.end(), uint8_t{0});
  return network.ToString() + "/56";
}

bool IpAddress::IsSpecial() const {
  static const std::vector<Cidr> special = *ParseCidrs({
      "0.0.0.0/8",
      "10.0.0.0/8",
      "100.64.0.0/10",
      "127.0.0.0/8",
      "169.254.0.0/16",
      "172.16.0.0/12",
      "192.0.0.0/24",
      "192.168.0.0/16",
      "198.18.0.0/15",
      "224.0.0.0/3",
      "::/128",
      "::1/128",
      "fc00::/7",
      "fe80::/10",
      "ff00::/8",
      "64:ff9b::/96",
      "2002::/16",
  });
  return ContainsAny(special, *this);
}

bool Cidr::Contains(const IpAddress& address) const {
  int whole = prefix / 8;
  if (std::memcmp(network.bytes.data(), address.bytes.data(), static_cast<size_t>(whole)) != 0)
    return false;
  int rest = prefix % 8;
  if (rest == 0) return true;
  auto mask = static_cast<uint8_t>(0xFF << (8 - rest));
  auto at = static_cast<size_t>(whole);
  return (network.bytes[at] & mask) == (address.bytes[at] & mask);
}

absl::StatusOr<Cidr> Cidr::Parse(std::string_view text) {
  size_t slash = text.find('/');
  auto address = IpAddress::Parse(text.substr(0, slash));
  if (!address) return SyntaxError(fmt::format("'{}' is not an address or a network", text));
  Cidr cidr{*address, 128};
  if (slash == std::string_view::npos) return cidr;
  auto prefix = ParseUint(text.substr(slash + 1));
  uint64_t longest = address->IsV4() ? 32 : 128;
  if (!prefix || *prefix > longest)
    return SyntaxError(fmt::format("'{}' has a wrong prefix length", text));
  cidr.prefix = static_cast<int>(*prefix) + (address->IsV4() ? 96 : 0);
  return cidr;
}

absl::StatusOr<std::vector<Cidr>> ParseCidrs(const std::vector<std::string>& texts) {
  std::vector<Cidr> out;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(Cidr cidr, Cidr::Parse(text));
    out.push_back(cidr);
  }
  return out;
}

bool ContainsAny(const std::vector<Cidr>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Cidr& network) { return network.Contains(address); });
}

absl::StatusOr<HostPort> ParseHostPort(std::string_view text) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return SyntaxError(fmt::format("'{}' is not HOST:PORT", text));
  std::string_view host = text.substr(0, colon);
  auto port = ParseUint(text.substr(colon + 1));
  if (!port || *port > 65535) return SyntaxError(fmt::format("'{}' has a wrong port", text));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return SyntaxError(fmt::format("'{}': write an IPv6 address in brackets", text));
  }
  if (host.empty()) return SyntaxError(fmt::format("'{}' has no host", text));
  return HostPort{std::string(host), static_cast<uint16_t>(*port)};
}

}  // namespace pennypost::net
