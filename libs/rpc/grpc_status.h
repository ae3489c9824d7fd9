#pragma once
// Private to rpc: absl::Status and its reason over gRPC.

#include <grpcpp/support/status.h>

#include <string>

#include "base/status.h"

namespace pennypost::rpc {

// gRPC carries our reason in the error details, as the ReasonName.
inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), MessageOf(status),
                      std::string(ReasonName(ReasonOf(status))));
}

inline absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  auto code = static_cast<absl::StatusCode>(status.error_code());
  Reason reason = ReasonFromName(status.error_details());
  if (reason == Reason::kNone) return absl::Status(code, status.error_message());
  return MakeError(code, reason, status.error_message());
}

}  // namespace pennypost::rpc
