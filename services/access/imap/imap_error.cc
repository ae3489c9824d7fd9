#include "services/access/imap/imap_error.h"

namespace pennypost::access {
namespace {

// A status message may have come from far: nothing in it ends our line.
std::string SafeText(const absl::Status& status) {
  std::string text = MessageOf(status);
  for (char& c : text) {
    if (c < 0x20 || c == 0x7F || c == '[' || c == ']') c = ' ';
  }
  return text.empty() ? "Failed" : text;
}

imap::Result Exhausted(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kOverQuota:
      return imap::No("Mailbox is full", "OVERQUOTA");
    case Reason::kRateLimited:
      return imap::No("Too much at once", "LIMIT");
    default:
      // Our own queue or disk is no fault of the user's quota.
      return imap::No("Temporarily unavailable", "UNAVAILABLE");
  }
}

}  // namespace

imap::Result ImapError(const absl::Status& status, MissingMailbox missing) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return imap::Ok("Done");
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      if (ReasonOf(status) == Reason::kTooBig) return imap::No(SafeText(status), "TOOBIG");
      return imap::Bad(SafeText(status));
    case absl::StatusCode::kNotFound:
      return imap::No("No such mailbox",
                      missing == MissingMailbox::kTryCreate ? "TRYCREATE" : "NONEXISTENT");
    case absl::StatusCode::kAlreadyExists:
      return imap::No("Mailbox exists", "ALREADYEXISTS");
    case absl::StatusCode::kPermissionDenied:
      return imap::No(SafeText(status), "NOPERM");
    case absl::StatusCode::kUnauthenticated:
      return imap::No("Authentication failed", "AUTHENTICATIONFAILED");
    case absl::StatusCode::kResourceExhausted:
      return Exhausted(status);
    case absl::StatusCode::kFailedPrecondition:
      if (ReasonOf(status) == Reason::kHasChildren)
        return imap::No("Mailbox has children", "HASCHILDREN");
      return imap::No(SafeText(status), "CLIENTBUG");
    case absl::StatusCode::kAborted:
      return imap::No("Changed by somebody else, try again", "INUSE");
    case absl::StatusCode::kUnimplemented:
      return imap::Bad("Not implemented");
    case absl::StatusCode::kDataLoss:
      return imap::No("Stored data is damaged", "SERVERBUG");
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDoNotUseReservedForFutureExpansionUseDefaultInSwitchInstead_:
      break;
  }
  return imap::No("Temporarily unavailable", "UNAVAILABLE");
}

imap::Done ImapRefusal(const absl::Status& status, MissingMailbox missing) {
  imap::Done done;
  done.result = ImapError(status, missing);
  return done;
}

}  // namespace pennypost::access
