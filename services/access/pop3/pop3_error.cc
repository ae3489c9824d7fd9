#include "services/access/pop3/pop3_error.h"

namespace pennypost::access {
namespace {

std::string SafeText(const absl::Status& status) {
  std::string text = MessageOf(status);
  for (char& c : text) {
    if (c < 0x20 || c == 0x7F || c == '[' || c == ']') c = ' ';
  }
  return text.empty() ? "Failed" : text;
}

}  // namespace

pop3::Refused Pop3Error(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      return {"", SafeText(status)};
    case absl::StatusCode::kNotFound:
      return {"", "No such message"};
    case absl::StatusCode::kAlreadyExists:
      return {"", "Exists"};
    case absl::StatusCode::kUnauthenticated:
      return {"AUTH", "Authentication failed"};
    case absl::StatusCode::kAborted:
      return {"IN-USE", "Maildrop is in use"};
    case absl::StatusCode::kOk:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kDoNotUseReservedForFutureExpansionUseDefaultInSwitchInstead_:
      break;
  }
  return {"SYS/TEMP", "Temporarily unavailable"};
}

}  // namespace pennypost::access
