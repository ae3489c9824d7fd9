#include "base/status.h"

#include <absl/strings/cord.h>

namespace pennypost {
namespace {

constexpr char kReasonUrl[] = "pennypost/reason";

Reason UsualReason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return Reason::kNone;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return Reason::kSyntax;
    case absl::StatusCode::kNotFound:
      return Reason::kMailboxNotFound;
    case absl::StatusCode::kAlreadyExists:
      return Reason::kMailboxExists;
    case absl::StatusCode::kPermissionDenied:
      return Reason::kPolicy;
    case absl::StatusCode::kUnauthenticated:
      return Reason::kBadCredentials;
    case absl::StatusCode::kResourceExhausted:
      return Reason::kOverloaded;
    case absl::StatusCode::kFailedPrecondition:
      return Reason::kBadSequence;
    case absl::StatusCode::kAborted:
      return Reason::kConflict;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return Reason::kBackendDown;
    case absl::StatusCode::kDataLoss:
      return Reason::kCorrupt;
    case absl::StatusCode::kUnknown:
      return Reason::kWriteUncertain;
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kInternal:
      return Reason::kBug;
    default:
      return Reason::kBug;  // the enum is open by Abseil's contract
  }
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, Reason reason, std::string_view message) {
  absl::Status status(code, {message.data(), message.size()});
  if (reason != UsualReason(code)) {
    std::string_view name = ReasonName(reason);
    status.SetPayload(kReasonUrl, absl::Cord({name.data(), name.size()}));
  }
  return status;
}

absl::Status SyntaxError(std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, Reason::kSyntax, message);
}
absl::Status NotFoundError(std::string_view message) {
  return MakeError(absl::StatusCode::kNotFound, Reason::kMailboxNotFound, message);
}
absl::Status ExistsError(std::string_view message) {
  return MakeError(absl::StatusCode::kAlreadyExists, Reason::kMailboxExists, message);
}
absl::Status PolicyError(std::string_view message) {
  return MakeError(absl::StatusCode::kPermissionDenied, Reason::kPolicy, message);
}
absl::Status UnavailableError(std::string_view message) {
  return MakeError(absl::StatusCode::kUnavailable, Reason::kBackendDown, message);
}
absl::Status BugError(std::string_view message) {
  return MakeError(absl::StatusCode::kInternal, Reason::kBug, message);
}

Reason ReasonOf(const absl::Status& status) {
  if (auto payload = status.GetPayload(kReasonUrl)) {
    return ReasonFromName(std::string(*payload));
  }
  return UsualReason(status.code());
}

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

std::string Describe(const absl::Status& status) {
  if (status.ok()) return "OK";
  return fmt::format("{} {}: {}", absl::StatusCodeToString(status.code()),
                     ReasonName(ReasonOf(status)), MessageOf(status));
}

}  // namespace pennypost
