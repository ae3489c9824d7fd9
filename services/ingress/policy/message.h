#pragma once
#include "net/awaitable.h"
#include "services/ingress/context.h"

namespace pennypost::ingress {

// The next piece of content into the session's body. Waits for credit of the body budget, then
// gives up with 452.
net::Awaitable<smtp::Outcome> WaitForRoom(SessionContext& session, size_t bytes);

// End of data: loops, authors, filter; then one owner takes the whole message, and 250 carries its
// mail_id. All local: mailbox stores it. Otherwise, or where it must wait: relay queues it.
net::Awaitable<smtp::Outcome> AcceptMessage(SessionContext& session,
                                            const mail::Envelope& envelope);

}  // namespace pennypost::ingress
