#include "mailauth/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace pennypost::mailauth {
namespace {

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::vector<IpNetwork> SpecialNetworks() {
  std::vector<IpNetwork> networks;
  for (std::string_view text :
       {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "::/127",
        "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "100::/64"}) {
    networks.push_back(*IpNetwork::Parse(text));
  }
  return networks;
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  if (text.size() > 64) return std::nullopt;
  std::string zero_ended(text);
  IpAddress ip;
  if (inet_pton(AF_INET, zero_ended.c_str(), ip.bytes_.data()) == 1) return ip;
  if (inet_pton(AF_INET6, zero_ended.c_str(), ip.bytes_.data()) != 1) return std::nullopt;
  ip.v4_ = std::equal(kMapped.begin(), kMapped.end(), ip.bytes_.begin());
  if (ip.v4_) {
    std::copy_n(ip.bytes_.begin() + 12, 4, ip.bytes_.begin());
    std::fill(ip.bytes_.begin() + 4, ip.bytes_.end(), uint8_t{0});
  }
  return ip;
}

bool IpAddress::InNetwork(const IpAddress& network, int prefix) const {
  if (v4_ != network.v4_ || prefix < 0 || prefix > bits()) return false;
  size_t whole = static_cast<size_t>(prefix) / 8;
  if (std::memcmp(bytes_.data(), network.bytes_.data(), whole) != 0) return false;
  int rest = prefix % 8;
  if (rest == 0) return true;
  int mask = 0xff & (0xff << (8 - rest));
  return (bytes_[whole] & mask) == (network.bytes_[whole] & mask);
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

std::string IpAddress::DottedForm() const {
  if (v4_) return ToString();
  std::string out;
  for (uint8_t byte : bytes_) {
    for (int nibble : {byte >> 4, byte & 15}) {
      if (!out.empty()) out.push_back('.');
      out.push_back("0123456789abcdef"[nibble]);
    }
  }
  return out;
}

std::string IpAddress::ReverseLabels() const {
  std::string forward = DottedForm();
  std::string out;
  std::vector<std::string_view> labels = Split(forward, '.');
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    if (!out.empty()) out.push_back('.');
    out.append(*label);
  }
  return out;
}

std::string IpAddress::ReverseName() const {
  return ReverseLabels() + (v4_ ? ".in-addr.arpa" : ".ip6.arpa");
}

std::optional<IpNetwork> IpNetwork::Parse(std::string_view text) {
  size_t slash = text.find('/');
  std::optional<IpAddress> ip = IpAddress::Parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  if (slash == std::string_view::npos) return IpNetwork{*ip, ip->bits()};
  std::optional<uint64_t> prefix = ParseUint(text.substr(slash + 1));
  if (!prefix || *prefix > static_cast<uint64_t>(ip->bits())) return std::nullopt;
  return IpNetwork{*ip, static_cast<int>(*prefix)};
}

bool IsSpecialPurpose(const IpAddress& ip) {
  static const std::vector<IpNetwork> special = SpecialNetworks();
  for (const IpNetwork& network : special) {
    if (network.Contains(ip)) return true;
  }
  if (ip.is_v4()) return false;
  // The IPv4 address inside NAT64 (RFC 6052: the last four bytes), 6to4 (RFC 3056: behind 2002) and
  // the old IPv4-compatible form (RFC 4291 2.5.5.1).
  static const IpNetwork nat64 = *IpNetwork::Parse("64:ff9b::/96");
  static const IpNetwork six_to_four = *IpNetwork::Parse("2002::/16");
  static const IpNetwork compatible = *IpNetwork::Parse("::/96");
  bool at_end = nat64.Contains(ip) || compatible.Contains(ip);
  if (!at_end && !six_to_four.Contains(ip)) return false;
  std::string nibbles = ip.DottedForm();
  size_t first = at_end ? 24 : 4;
  std::string quad;
  for (size_t i = 0; i < 4; ++i) {
    // Each nibble takes two characters: itself and a dot.
    std::string hex = {nibbles[(first + 2 * i) * 2], nibbles[(first + 2 * i + 1) * 2]};
    if (i > 0) quad.push_back('.');
    quad += std::to_string(std::stoi(hex, nullptr, 16));
  }
  std::optional<IpAddress> inner = IpAddress::Parse(quad);
  return inner && IsSpecialPurpose(*inner);
}

}  // namespace pennypost::mailauth
