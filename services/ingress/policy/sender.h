#pragma once
#include <string>
#include <vector>

#include "net/awaitable.h"
#include "services/ingress/context.h"

namespace pennypost::ingress {

// MAIL: nobody while the stores have no room; who logged in sends as himself only (S6). The null
// sender is everybody's.
net::Awaitable<smtp::Outcome> CheckSender(SessionContext& session, const mail::Envelope& envelope);

// OK where all addresses belong to the account of the session; PermissionDenied where one does not.
net::Awaitable<absl::Status> CheckOwnership(SessionContext& session,
                                            std::vector<std::string> addresses);

}  // namespace pennypost::ingress
