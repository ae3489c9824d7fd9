#pragma once
// The driver: one SMTP connection between a net::Stream, a smtp::ServerSession and the policy
// functions. Timeouts, TLS, limits over time, metrics and logs live here and nowhere else.

#include <memory>

#include "net/awaitable.h"
#include "net/listener.h"
#include "net/stream.h"
#include "services/ingress/context.h"

namespace pennypost::ingress {

enum class ListenerKind {
  kSmtp,         // 25
  kSubmission,   // 587: STARTTLS, then AUTH
  kSubmissions,  // 465: TLS from the first byte (RFC 8314 3.3)
  kLmtp,
};

// Runs the whole connection; returns when it is over. A Read that is cancelled means drain: 421 at
// the next command boundary. `platform` outlives the coroutine.
net::Awaitable<void> RunConnection(std::shared_ptr<net::Stream> stream, net::Peer peer,
                                   ListenerKind kind, Platform& platform);

}  // namespace pennypost::ingress
