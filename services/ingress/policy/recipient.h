#pragma once
#include "net/awaitable.h"
#include "services/ingress/context.h"

namespace pennypost::ingress {

// RCPT: directory says where the address leads, mailbox whether there is room, filter whether it is
// time (greylisting). Only who logged in may send to a domain that is not ours (S5); directory
// being away is 451, never 550.
net::Awaitable<smtp::Outcome> CheckRecipient(SessionContext& session,
                                             const mail::Envelope& envelope,
                                             const mail::Recipient& recipient);

}  // namespace pennypost::ingress
