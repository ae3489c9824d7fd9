#pragma once
// Private to the stores: what a change makes of a grant.

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

inline mail::Rights AfterGrant(mail::Rights before, v1::SetGrantRequest::Mode mode,
                               mail::Rights rights) {
  if (mode == v1::SetGrantRequest::MODE_ADD) return before.With(rights);
  if (mode == v1::SetGrantRequest::MODE_REMOVE) return before.Without(rights);
  return rights;
}

inline absl::Status TooManyGrants() {
  return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
                   "the mailbox is shared with too many already");
}

}  // namespace pennypost::mailbox
