#pragma once
// The status page's data: health of the services, the queue, recent deliveries.

#include <string>

#include "clients/clients.h"
#include "net/awaitable.h"

namespace pennypost::web {

// JSON for the page: {"services": {name: "ready"...}, "queue": {...}, "recent": [...]}. A service
// that does not answer in a second is "away"; that is an answer, not an error.
net::Awaitable<std::string> CollectStatus(const clients::Clients& clients);

}  // namespace pennypost::web
