#pragma once
// The PROXY protocol of HAProxy, versions 1 and 2: who the client is, said by a trusted load
// balancer before the first byte of the protocol. Only for listeners that are configured for it;
// anyone can write such a header.

#include <cstdint>
#include <string>
#include <string_view>

namespace pennypost::proxy {

struct ProxyHeader {
  bool has_client =
      false;  // false: the balancer speaks for itself (LOCAL, UNKNOWN), e.g. a health check
  std::string client;  // canonical text of the address
  uint16_t client_port = 0;
  std::string server;
  uint16_t server_port = 0;
};

enum class ProxyResult { kNeedInput, kDone, kMalformed };

// Reads a header from the start of all bytes received so far. On kDone `length` bytes belong to it.
// kNeedInput never lasts beyond kMaxProxyHeader bytes.
ProxyResult ParseProxyHeader(std::string_view bytes, ProxyHeader& header, size_t& length);

inline constexpr size_t kMaxProxyHeader = 16 + 2048;

}  // namespace pennypost::proxy
