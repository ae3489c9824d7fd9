#include "mailauth/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace pennypost::mailauth {
namespace {

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

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

std::string IpAddress::ReverseName() const {
  std::string forward = DottedForm();
  std::string out;
  std::vector<std::string_view> labels = Split(forward, '.');
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    if (!out.empty()) out.push_back('.');
    out.append(*label);
  }
  return out + (v4_ ? ".in-addr.arpa" : ".ip6.arpa");
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

}  // namespace pennypost::mailauth
