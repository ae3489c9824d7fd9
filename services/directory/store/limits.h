#pragma once
// What both stores say where a limit is reached, an address is taken, or something is still needed.

#include <fmt/format.h>

#include "base/status.h"
#include "services/directory/store/rows.h"

namespace pennypost::directory {

inline absl::Status CheckLimit(const std::string& tenant, std::string_view what, int64_t have,
                               int64_t more, int64_t most) {
  if (most == 0 || more == 0 || have + more <= most) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
      fmt::format("the tenant {} may have {} {} and has {} already", tenant, most, what, have));
}

inline absl::Status CheckMemberCount(int64_t members) {
  if (members <= static_cast<int64_t>(kMaxMembers)) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
      fmt::format("a group has at most {} members; groups may be members", kMaxMembers));
}

// `owner`: account, alias or group.
inline absl::Status AddressTaken(std::string_view owner, const std::string& address) {
  return ExistsError(
      fmt::format("{} {} has the address {}", owner == "group" ? "a" : "an", owner, address));
}

inline absl::Status ChangedMeanwhile() {
  return MakeError(absl::StatusCode::kAborted, Reason::kConflict,
                   "somebody else changed it meanwhile: look again and repeat");
}

inline absl::Status StillNeeded(std::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kHasChildren, what);
}
inline constexpr std::string_view kTenantHasDomains =
    "the tenant still has domains: delete them or move them to another tenant first";
inline constexpr std::string_view kDomainHasAccounts =
    "the domain still has accounts or alias domains: delete them first";

}  // namespace pennypost::directory
