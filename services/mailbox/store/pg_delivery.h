#pragma once
// Private to the store: one attempt to store a batch of deliveries.

#include "pg/connection.h"
#include "services/mailbox/store/inboxes.h"
#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

// A mailbox that has come so far is renumbered by the housekeeping.
inline constexpr int64_t kFewUidsLeft = 4'290'000'000;
inline constexpr int64_t kLastUid = 4'294'967'000;  // a little below 2^32: IMAP has none after it

enum class BatchOutcome {
  kDone,    // committed; every delivery has its results
  kRepeat,  // something was learned (duplicates, a new account): try again
  kSplit,   // one of several deliveries cannot be stored: try each alone
  kFailed,  // `error` holds for all of them
};

// Two round trips: locks, counters and UIDs; then rows and COMMIT. On anything but kDone the
// transaction is rolled back. A batch of one sets the delivery's own status where it alone is at
// fault.
BatchOutcome TryBatch(pg::Connection& connection, const std::vector<Delivery*>& batch,
                      Inboxes& inboxes, absl::Status* error);

}  // namespace pennypost::mailbox
