#pragma once
// From what an attempt came to, to what is written: the next state, the wait, the report, the
// event. Pure.

#include <vector>

#include "services/relay/core/result.h"
#include "services/relay/core/types.h"

namespace pennypost::relay {

struct RetryPolicy {
  std::vector<absl::Duration> waits;  // before each further attempt; the last repeats; never empty
  absl::Duration lifetime = absl::Hours(120);
  absl::Duration delay_warning = absl::Hours(4);
  std::string hostname;  // ours, for reports
};

// RFC 5321 4.5.4.1 asks for half an hour at first and days in all.
RetryPolicy DefaultRetryPolicy();

Outcome Settle(const Message& message, const Delivery& delivery, const DeliveryResult& result,
               absl::Time now, const RetryPolicy& policy);

}  // namespace pennypost::relay
