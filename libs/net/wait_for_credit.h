#pragma once
#include <absl/time/time.h>

#include "base/body_budget.h"
#include "net/awaitable.h"

namespace pennypost::net {

inline constexpr absl::Duration kCreditPatience = absl::Seconds(30);

// Waits until the lease has so many bytes more: false if there was no room for so long.
Awaitable<bool> WaitForCredit(BodyLease& lease, uint64_t bytes,
                              absl::Duration patience = kCreditPatience);

}  // namespace pennypost::net
