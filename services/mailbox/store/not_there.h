#pragma once
#include <vector>

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

// The UIDs below uid_next that are none of the messages', which ascend.
inline std::vector<UidSpan> NotThere(const std::vector<MessageRow>& messages, uint32_t uid_next) {
  std::vector<UidSpan> spans;
  uint32_t next = 1;
  for (const MessageRow& message : messages) {
    if (message.uid > next) spans.push_back({next, message.uid - 1});
    next = message.uid + 1;
  }
  if (uid_next > next) spans.push_back({next, uid_next - 1});
  return spans;
}

}  // namespace pennypost::mailbox
