#include "net/proxy_header.h"

#include "proxy/proxy_protocol.h"

namespace pennypost::net {

Awaitable<absl::Status> ReadProxyHeader(Stream& stream, Peer& peer, absl::Duration timeout) {
  std::string header;
  proxy::ProxyHeader parsed;
  size_t length = 0;
  for (;;) {
    char byte = 0;
    auto read = stream.Read(&byte, 1, timeout);
    absl::StatusOr<size_t> size = co_await std::move(read);
    if (!size.ok()) co_return size.status();
    if (*size == 0) co_return UnavailableError("closed in the PROXY header");
    header.push_back(byte);
    proxy::ProxyResult result = proxy::ParseProxyHeader(header, parsed, length);
    if (result == proxy::ProxyResult::kMalformed) co_return SyntaxError("malformed PROXY header");
    if (result == proxy::ProxyResult::kDone) break;
  }
  if (!parsed.has_client) co_return absl::OkStatus();
  auto address = IpAddress::Parse(parsed.client);
  if (!address) co_return SyntaxError("malformed PROXY header");
  peer.address = *address;
  peer.port = parsed.client_port;
  co_return absl::OkStatus();
}

}  // namespace pennypost::net
