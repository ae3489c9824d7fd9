#pragma once
// THREAD (RFC 5256 3): conversations. Pure but for the loader, which brings the headers.
//
// Invariants
//   - Each message is in the result exactly once, whatever its headers claim.
//   - No recursion, and work in proportion to the messages and their references: links that would
//   need a longer look for loops than a budget allows are left out.

#include <string>
#include <vector>

#include "services/mailbox/core/search.h"

namespace pennypost::mailbox {

struct ThreadMessage {
  uint32_t uid = 0;
  absl::Time sent;
  std::string id;                       // without brackets and quotes; may be empty
  std::vector<std::string> references;  // the oldest first
  std::string base_subject;
  bool reply = false;  // the subject says so
};

// A message in its thread, in preorder. `uid` 0 is a missing message with answers.
struct ThreadNode {
  uint32_t uid = 0;
  uint32_t depth = 0;
  bool operator==(const ThreadNode&) const = default;
};

// `messages` ascend by UID.
std::vector<ThreadNode> ThreadByReferences(const std::vector<ThreadMessage>& messages);
std::vector<ThreadNode> ThreadBySubject(const std::vector<ThreadMessage>& messages);

absl::StatusOr<std::vector<ThreadMessage>> LoadThreadMessages(const std::vector<MessageRow>& rows,
                                                              const Loader& load);

}  // namespace pennypost::mailbox
