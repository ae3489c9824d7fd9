#pragma once
// Who takes the message: mailbox or relay, always one of them for all recipients (DESIGN 5,
// ROBUSTNESS 2.1).

#include <string>

#include "net/awaitable.h"
#include "services/ingress/context.h"

namespace pennypost::ingress {

mail::v1::Envelope EnvelopeProto(const mail::Envelope& envelope);

// OK: the owner has committed the message, or the verdict was to discard it. Uses up session.body.
net::Awaitable<absl::Status> HandOver(SessionContext& session, const mail::Envelope& envelope,
                                      const std::string& mail_id,
                                      const filter::v1::CheckResponse& verdict);

// Appends the message as it is stored: Received, the filter's edits, the rest as received.
void AppendWithTrace(const SessionContext& session, const mail::Envelope& envelope,
                     const std::string& mail_id, const filter::v1::CheckResponse& verdict,
                     std::string& out);

}  // namespace pennypost::ingress
