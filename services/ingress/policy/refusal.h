#pragma once
#include <string>

#include "services/ingress/context.h"

namespace pennypost::ingress {

// Keeps what a recipient or a message was refused with for the history: an operator looks there
// when somebody says "I sent you a mail". `mail_id` and `recipient` may be empty. Bounded; the
// driver hands all over when the session ends.
void NoteRefusal(SessionContext& session, const mail::Envelope& envelope,
                 const std::string& mail_id, const std::string& recipient,
                 const std::string& detail);

}  // namespace pennypost::ingress
