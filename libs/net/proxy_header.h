#pragma once
// The PROXY header at the start of a connection, for every protocol.

#include "net/listener.h"
#include "net/stream.h"

namespace pennypost::net {

// Reads exactly the header (what follows belongs to TLS or to the session) and puts the client it
// names into `peer`. A header in which the balancer speaks for itself leaves the peer as it is. An
// error: close the connection without a word.
Awaitable<absl::Status> ReadProxyHeader(Stream& stream, Peer& peer, absl::Duration timeout);

}  // namespace pennypost::net
