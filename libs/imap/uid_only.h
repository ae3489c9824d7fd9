#pragma once
// What a client that switched UIDONLY on may not say any more (RFC 9586 3).

#include "imap/command.h"

namespace pennypost::imap {

// Whether a command names messages by sequence number, or asks for them. "$" does not.
bool NamesByNumber(const CommandBody& body);

}  // namespace pennypost::imap
