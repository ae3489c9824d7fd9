#pragma once
// Who may send to a group.

#include <string>
#include <string_view>

#include "base/status.h"

namespace pennypost::directory {

enum class Posting { kAnyone, kTenant, kDomain, kMembers };

// As stored: anyone, tenant, domain, members; InvalidArgument for another word.
absl::StatusOr<Posting> ParsePosting(const std::string& text);
std::string PostingName(Posting posting);

// Who wants to send. Users of ours are who they say only where they logged in.
struct Poster {
  int64_t account_id = 0;  // 0: a stranger
  std::string sender;      // of the envelope; empty for the null sender
};

}  // namespace pennypost::directory
