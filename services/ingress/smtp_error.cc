#include "services/ingress/smtp_error.h"

namespace pennypost::ingress {
namespace {

using mail::SmtpReply;

// Our trouble: the client keeps the message (RFC 5321 4.2.5) and never hears that its password is
// wrong.
SmtpReply OurTrouble(At at) {
  if (at == At::kLogin) return {454, "4.7.0", "cannot check the login now, try again later"};
  return {451, "4.3.0", "temporary problem here, try again later"};
}

SmtpReply Exhausted(Reason reason, At at) {
  switch (reason) {
    case Reason::kOverQuota:
      return {452, "4.2.2", "mailbox is full"};
    case Reason::kStorageFull:
      return {452, "4.3.1", "no room here now, try again later"};
    case Reason::kRateLimited:
      // RFC 4954 6: 454 is what AUTH has for "later".
      if (at == At::kLogin) return {454, "4.7.0", "too many attempts, try again later"};
      return {450, "4.7.1", "too much at once, try again later"};
    case Reason::kOverloaded:
    case Reason::kNone:
    case Reason::kSyntax:
    case Reason::kMailboxNotFound:
    case Reason::kMailboxExists:
    case Reason::kRelayDenied:
    case Reason::kPolicy:
    case Reason::kBadCredentials:
    case Reason::kTooBig:
    case Reason::kBadSequence:
    case Reason::kHasChildren:
    case Reason::kConflict:
    case Reason::kBackendDown:
    case Reason::kWriteUncertain:
    case Reason::kBug:
    case Reason::kCorrupt:
      break;
  }
  if (at == At::kLogin) return OurTrouble(at);
  return {451, "4.3.2", "too busy, try again later"};
}

}  // namespace

SmtpReply ReplyFor(const absl::Status& status, At at) {
  Reason reason = ReasonOf(status);
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      if (reason == Reason::kTooBig) return {552, "5.3.4", "message is larger than we take"};
      if (at == At::kAddress) return {501, "5.1.3", "malformed address"};
      return {501, "5.5.4", "malformed argument"};
    case absl::StatusCode::kNotFound:
      return {550, "5.1.1", "no such user here"};
    case absl::StatusCode::kPermissionDenied:
      if (reason == Reason::kRelayDenied) return {550, "5.7.1", "relaying denied"};
      return {550, "5.7.1", "refused by policy"};
    case absl::StatusCode::kUnauthenticated:
      if (at == At::kLogin) return {535, "5.7.8", "authentication failed"};
      return {530, "5.7.0", "authentication required"};
    case absl::StatusCode::kResourceExhausted:
      return Exhausted(reason, at);
    case absl::StatusCode::kFailedPrecondition:
      return {503, "5.5.1", "not possible here"};
    // Nothing a client says makes a service answer these: they are our trouble, Unimplemented too
    // (one of two services is older).
    case absl::StatusCode::kOk:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kDoNotUseReservedForFutureExpansionUseDefaultInSwitchInstead_:
      break;
  }
  return OurTrouble(at);
}

}  // namespace pennypost::ingress
