#pragma once
#include <string>

#include "services/ingress/context.h"

namespace pennypost::ingress {

// Keeps what a recipient or a message was refused with for the history: an operator looks there
// when somebody says "I sent you a mail". It stands under the mail_id of the transaction, beside
// what became of its other recipients. `recipient` may be empty: the message as a whole. Bounded a
// session and over all of them; the driver hands all over when the session ends.
void NoteRefusal(SessionContext& session, const mail::Envelope& envelope,
                 const std::string& recipient, const std::string& detail);

}  // namespace pennypost::ingress
