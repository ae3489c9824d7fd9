#pragma once
// An address of IPv4 or IPv6 as a value: parsed, compared by prefix, spelled for DNS. No socket.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::mailauth {

class IpAddress {
 public:
  // "192.0.2.1" or "2001:db8::1". An IPv4 address mapped into IPv6 is the IPv4 address (RFC 7208
  // 5).
  static std::optional<IpAddress> Parse(std::string_view text);

  bool is_v4() const { return v4_; }
  int bits() const { return v4_ ? 32 : 128; }
  // True where family and the first `prefix` bits are the same.
  bool InNetwork(const IpAddress& network, int prefix) const;
  std::string ToString() const;
  // RFC 7208 7.3, macro "i": dotted quad, or the 32 nibbles with dots between.
  std::string DottedForm() const;
  // "1.2.0.192.in-addr.arpa".
  std::string ReverseName() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<uint8_t, 16> bytes_{};  // IPv4 in the first four
  bool v4_ = true;
};

// "192.0.2.0/24", "2001:db8::/32" or a lone address.
struct IpNetwork {
  IpAddress address;
  int prefix = 0;

  static std::optional<IpNetwork> Parse(std::string_view text);
  bool Contains(const IpAddress& ip) const { return ip.InNetwork(address, prefix); }
};

}  // namespace pennypost::mailauth
