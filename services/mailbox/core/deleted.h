#pragma once
// Deleted messages that can be restored: their ids and what people know them by.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "pennypost/mailbox/v1/mailbox_service.pb.h"

namespace pennypost::mailbox {

// Where a message was when it went, and when by MODSEQ. A text "MAILBOX-MODSEQ-UID".
struct DeletedId {
  int64_t mailbox_id = 0;
  uint64_t modseq = 0;
  uint32_t uid = 0;
  std::string ToString() const;
};
absl::StatusOr<DeletedId> ParseDeletedId(std::string_view text);

// From and Subject of a stored structure, decoded.
void DescribeContent(std::string_view structure, v1::DeletedMessage* message);

// The step of its history, as mailbox_deliveries keeps it.
std::string RestoredEvent(const std::string& email_id, const std::string& mailbox, uint32_t uid,
                          const std::string& actor);

}  // namespace pennypost::mailbox
