#pragma once
// What ManageSieve asks of the mail store: one function for all script requests.

#include "clients/clients.h"
#include "managesieve/session.h"
#include "net/awaitable.h"

namespace pennypost::access {

// A request that is about scripts (not about the login) of that account.
net::Awaitable<managesieve::Outcome> AnswerScripts(clients::Clients& clients, int64_t account_id,
                                                   managesieve::Request request);

}  // namespace pennypost::access
