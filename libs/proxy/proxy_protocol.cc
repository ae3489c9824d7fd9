#include "proxy/proxy_protocol.h"

#include <arpa/inet.h>

#include "base/text.h"

namespace pennypost::proxy {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view kV1 = "PROXY";
constexpr size_t kMaxV1 = 107;
constexpr size_t kV2Head = 16;

bool ParseAddress(int family, std::string_view text, std::string& out) {
  unsigned char raw[16];
  char canonical[INET6_ADDRSTRLEN];
  std::string copy(text);
  if (copy.find('\0') != std::string::npos) return false;
  if (inet_pton(family, copy.c_str(), raw) != 1) return false;
  inet_ntop(family, raw, canonical, sizeof canonical);
  out = canonical;
  return true;
}

bool ParsePort(std::string_view text, uint16_t& port) {
  auto value = ParseUint(text);
  if (!value || *value > 65535 || text.size() > 5) return false;
  port = static_cast<uint16_t>(*value);
  return true;
}

ProxyResult ParseV1(std::string_view bytes, ProxyHeader& header, size_t& length) {
  size_t end = bytes.substr(0, kMaxV1).find("\r\n");
  if (end == std::string_view::npos) {
    return bytes.size() >= kMaxV1 ? ProxyResult::kMalformed : ProxyResult::kNeedInput;
  }
  length = end + 2;
  auto words = Split(bytes.substr(0, end), ' ');
  if (words.size() >= 2 && words[0] == kV1 && words[1] == "UNKNOWN") return ProxyResult::kDone;
  if (words.size() != 6 || words[0] != kV1) return ProxyResult::kMalformed;
  if (words[1] != "TCP4" && words[1] != "TCP6") return ProxyResult::kMalformed;
  int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
  if (!ParseAddress(family, words[2], header.client) ||
      !ParseAddress(family, words[3], header.server) || !ParsePort(words[4], header.client_port) ||
      !ParsePort(words[5], header.server_port)) {
    return ProxyResult::kMalformed;
  }
  header.has_client = true;
  return ProxyResult::kDone;
}

std::string AddressText(int family, std::string_view raw) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(family, raw.data(), text, sizeof text);
  return text;
}

uint16_t ReadPort(std::string_view raw) {
  return static_cast<uint16_t>(static_cast<unsigned char>(raw[0]) << 8 |
                               static_cast<unsigned char>(raw[1]));
}

ProxyResult ParseV2(std::string_view bytes, ProxyHeader& header, size_t& length) {
  if (bytes.size() < kV2Head) return ProxyResult::kNeedInput;
  auto version_command = static_cast<unsigned char>(bytes[12]);
  auto family_protocol = static_cast<unsigned char>(bytes[13]);
  size_t size = ReadPort(bytes.substr(14));
  if (version_command >> 4 != 2 || (version_command & 15) > 1 || kV2Head + size > kMaxProxyHeader) {
    return ProxyResult::kMalformed;
  }
  if (bytes.size() < kV2Head + size) return ProxyResult::kNeedInput;
  length = kV2Head + size;
  std::string_view body = bytes.substr(kV2Head, size);
  bool local = (version_command & 15) == 0;
  if (local || family_protocol == 0) return ProxyResult::kDone;
  // 0x11: TCP over IPv4, 0x21: TCP over IPv6. TLVs behind the addresses are left alone.
  if (family_protocol != 0x11 && family_protocol != 0x21) return ProxyResult::kMalformed;
  int family = family_protocol == 0x11 ? AF_INET : AF_INET6;
  size_t width = family == AF_INET ? 4 : 16;
  if (size < 2 * width + 4) return ProxyResult::kMalformed;
  header.client = AddressText(family, body);
  header.server = AddressText(family, body.substr(width));
  header.client_port = ReadPort(body.substr(2 * width));
  header.server_port = ReadPort(body.substr(2 * width + 2));
  header.has_client = true;
  return ProxyResult::kDone;
}

bool CouldBe(std::string_view bytes, std::string_view start) {
  size_t n = std::min(bytes.size(), start.size());
  return bytes.substr(0, n) == start.substr(0, n);
}

}  // namespace

ProxyResult ParseProxyHeader(std::string_view bytes, ProxyHeader& header, size_t& length) {
  header = {};
  length = 0;
  ProxyResult result = ProxyResult::kMalformed;
  if (CouldBe(bytes, kV1)) {
    result = ParseV1(bytes, header, length);
  } else if (CouldBe(bytes, kSignature)) {
    result = ParseV2(bytes, header, length);
  }
  if (result == ProxyResult::kMalformed) header = {};
  return result;
}

}  // namespace pennypost::proxy
