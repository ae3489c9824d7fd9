#pragma once
// The one mapper from our errors to SMTP replies.

#include "base/status.h"
#include "mail/smtp_reply.h"

namespace pennypost::ingress {

enum class At {
  kCommand,
  kAddress,  // what may be malformed is an address
  kLogin,    // during AUTH
};

// `status` is not OK. The texts are fixed: what another service wrote is for the log, not for the
// peer.
mail::SmtpReply ReplyFor(const absl::Status& status, At at = At::kCommand);

}  // namespace pennypost::ingress
