#pragma once
// Stream over TCP or a unix socket, and how to open one.

#include <memory>
#include <string>

#include "net/stream.h"

namespace pennypost::net {

// Connects to an address (no name look-up here: that is resolver's). Runs on the executor of the
// calling coroutine.
Awaitable<absl::StatusOr<std::unique_ptr<Stream>>> ConnectTcp(IpAddress address, uint16_t port,
                                                              absl::Duration timeout);
Awaitable<absl::StatusOr<std::unique_ptr<Stream>>> ConnectUnix(std::string path,
                                                               absl::Duration timeout);

}  // namespace pennypost::net
