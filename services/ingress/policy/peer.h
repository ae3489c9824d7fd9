#pragma once
#include "net/awaitable.h"
#include "services/ingress/context.h"

namespace pennypost::ingress {

// May this peer speak to us at all? Asked before the greeting: connection rate, then what filter
// thinks of the address.
net::Awaitable<smtp::Outcome> CheckPeer(SessionContext& session);

// The Origin of all that this session says to other services.
mail::v1::Origin OriginOf(const SessionContext& session);

}  // namespace pennypost::ingress
