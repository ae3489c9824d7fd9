#pragma once
// Reports to the sender about one recipient (RFC 3464): failed, delayed, delivered, relayed.

#include "services/relay/core/result.h"
#include "services/relay/core/types.h"

namespace pennypost::relay {

enum class ReportKind { kFailed, kDelayed, kDelivered, kRelayed };

struct ReportInput {
  ReportKind kind = ReportKind::kFailed;
  const Message& message;
  const Delivery& delivery;
  const DeliveryResult& result;
  std::string hostname;
  absl::Time now;
  absl::Time retry_until;  // of kDelayed
};

// From the null sender to the message's sender, who must not be null. The same input gives the same
// mail_id: a report is never written twice.
NewMessage MakeReport(const ReportInput& input);

}  // namespace pennypost::relay
