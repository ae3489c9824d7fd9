#pragma once
// Stream over TCP or a unix socket, and how to open one.

#include <memory>
#include <string>

#include "net/stream.h"

namespace pennypost::net {

// All run on the executor of the calling coroutine. For other servers there is no name look-up
// here: that is resolver's.
Awaitable<absl::StatusOr<std::unique_ptr<Stream>>> ConnectTcp(IpAddress address, uint16_t port,
                                                              absl::Duration timeout);
// For our own parts, which the configuration may name: the system's look-up (hosts file, DNS), each
// address tried in turn.
Awaitable<absl::StatusOr<std::unique_ptr<Stream>>> ConnectHost(std::string host, uint16_t port,
                                                               absl::Duration timeout);
Awaitable<absl::StatusOr<std::unique_ptr<Stream>>> ConnectUnix(std::string path,
                                                               absl::Duration timeout);

}  // namespace pennypost::net
