#pragma once
// Errors of our services as tagged IMAP answers (RFC 5530, RFC 9051 7.1).

#include "base/status.h"
#include "imap/session.h"

namespace pennypost::access {

// What a missing mailbox means: for a destination the client may create it and try again (RFC
// 9051 6.4.7).
enum class MissingMailbox { kNonexistent, kTryCreate };

imap::Result ImapError(const absl::Status& status,
                       MissingMailbox missing = MissingMailbox::kNonexistent);

// The same as the outcome of a request.
imap::Done ImapRefusal(const absl::Status& status,
                       MissingMailbox missing = MissingMailbox::kNonexistent);

}  // namespace pennypost::access
