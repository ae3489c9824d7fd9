#pragma once
#include "net/awaitable.h"
#include "services/ingress/context.h"

namespace pennypost::ingress {

// PLAIN and LOGIN: directory checks the password. Directory's trouble is 454, never 535.
net::Awaitable<smtp::Outcome> CheckPassword(SessionContext& session, smtp::CheckPassword request);

// SCRAM: its keys, and its end. Directory counts failures and invents keys for unknown users.
net::Awaitable<smtp::Outcome> FetchScramKeys(SessionContext& session, smtp::FetchScramKeys request);
net::Awaitable<smtp::Outcome> FinishScram(SessionContext& session, smtp::ScramFinished request);

}  // namespace pennypost::ingress
