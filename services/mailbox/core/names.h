#pragma once
// Names of mailboxes: UTF-8, levels joined by "/", INBOX without regard to case (RFC 9051 5.1).

#include <string>
#include <string_view>

#include "base/status.h"

namespace pennypost::mailbox {

// The canonical name; InvalidArgument for control characters, empty levels, wildcards, more than
// 1,000 bytes or 20 levels.
absl::StatusOr<std::string> CanonicalName(std::string_view name);
// The name one level up, empty at the top.
std::string ParentOf(std::string_view name);

}  // namespace pennypost::mailbox
