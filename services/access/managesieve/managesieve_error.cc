#include "services/access/managesieve/managesieve_error.h"

namespace pennypost::access {
namespace {

// Errors of a script have a line each (RFC 5804 1.3: CRLF between them).
std::string Text(const absl::Status& status) {
  std::string out;
  for (char c : MessageOf(status)) {
    if (c == '\n') out += "\r\n";
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) out.push_back(c);
  }
  return out.empty() ? "Failed" : out;
}

}  // namespace

managesieve::Refused ManageSieveError(const absl::Status& status) {
  Reason reason = ReasonOf(status);
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return {reason == Reason::kTooBig ? "QUOTA/MAXSIZE" : "", Text(status)};
    case absl::StatusCode::kNotFound:
      return {"NONEXISTENT", Text(status)};
    case absl::StatusCode::kAlreadyExists:
      return {"ALREADYEXISTS", Text(status)};
    case absl::StatusCode::kFailedPrecondition:
      return {"ACTIVE", Text(status)};
    case absl::StatusCode::kResourceExhausted:
      if (reason == Reason::kOverQuota) return {"QUOTA/MAXSCRIPTS", Text(status)};
      break;
    case absl::StatusCode::kUnauthenticated:
      return {"", "Authentication failed"};
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnimplemented:
      return {"", Text(status)};
    case absl::StatusCode::kOk:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kDoNotUseReservedForFutureExpansionUseDefaultInSwitchInstead_:
      break;
  }
  return {"TRYLATER", "Temporarily unavailable"};
}

}  // namespace pennypost::access
