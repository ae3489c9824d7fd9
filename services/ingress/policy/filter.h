#pragma once
// How ingress asks filter, and reads its answers.

#include <optional>
#include <string_view>

#include "mail/smtp_reply.h"
#include "net/awaitable.h"
#include "services/ingress/context.h"

namespace pennypost::ingress {

// Unavailable also where no filter is configured.
net::Awaitable<absl::StatusOr<filter::v1::CheckResponse>> AskFilter(
    Platform& platform, filter::v1::CheckRequest request);

// The reply for REJECT and DEFER; nothing for the other actions.
std::optional<mail::SmtpReply> RefusalOf(const filter::v1::CheckResponse& answer);

// "smtp", "submission", "lmtp".
std::string_view ProtocolOf(smtp::Mode mode);

}  // namespace pennypost::ingress
