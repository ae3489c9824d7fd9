#pragma once
// Private to the store: rows of its statements.

#include "mailbox_sql.h"
#include "metrics/metrics.h"
#include "pg/connection.h"
#include "pg/result.h"
#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

// The columns of list_mailboxes, find_mailbox and get_mailbox.
inline void ToMailbox(const pg::Result& r, int row, v1::Mailbox* out) {
  out->set_id(r.Int(row, 0));
  out->set_name(r.Text(row, 1));
  out->set_uid_validity(static_cast<uint32_t>(r.Int(row, 2)));
  out->set_uid_next(static_cast<uint32_t>(r.Int(row, 3)));
  out->set_highest_modseq(static_cast<uint64_t>(r.Int(row, 4)));
  out->set_messages(static_cast<uint32_t>(r.Int(row, 5)));
  out->set_unseen(static_cast<uint32_t>(r.Int(row, 6)));
  out->set_size_bytes(static_cast<uint64_t>(r.Int(row, 7)));
  out->set_subscribed(r.Bool(row, 8));
  out->set_special_use(r.Text(row, 9));
  out->set_deleted(static_cast<uint32_t>(r.Int(row, 10)));
}

// The first columns of list_messages, list_changed and select_messages.
inline std::vector<MessageRow> ToMessages(const pg::Result& r) {
  std::vector<MessageRow> rows;
  rows.reserve(static_cast<size_t>(r.rows()));
  for (int row = 0; row < r.rows(); ++row) {
    rows.push_back({static_cast<uint32_t>(r.Int(row, 0)), static_cast<uint64_t>(r.Int(row, 1)),
                    static_cast<uint64_t>(r.Int(row, 2)), r.Time(row, 3), r.Text(row, 4)});
  }
  return rows;
}

// The blobs of emails that went (delete_orphan_emails): they may have no reference any more, and
// CollectContents will see. Nothing of it is decided here, where others may be storing the same.
inline absl::Status LoosenBlobs(pg::Connection& connection, const pg::Result& orphan_emails) {
  std::vector<Uuid> blobs;
  for (int row = 0; row < orphan_emails.rows(); ++row) blobs.push_back(orphan_emails.Id(row, 0));
  if (blobs.empty()) return absl::OkStatus();
  return connection.Run(sql::kLoosenBlobs, pg::Params().Ids(blobs)).status();
}

// One step of MODSEQ, and the lock of all changes of the account.
struct LockedAccount {
  int64_t modseq = 0;  // the next one, taken
  int64_t used_bytes = 0;
};
inline absl::Status NoSuchMailbox() {
  return NotFoundError("no such mailbox");
}

inline absl::StatusOr<LockedAccount> LockAccount(pg::Connection& connection, int64_t account_id) {
  ASSIGN_OR_RETURN(pg::Result locked,
                   connection.Run(sql::kLockAccount, pg::Params().Int(account_id)));
  if (locked.empty()) return NoSuchMailbox();
  return LockedAccount{locked.Int(0, 0), locked.Int(0, 1)};
}

inline absl::StatusOr<int64_t> FindMailboxId(pg::Connection& connection, int64_t account_id,
                                             const std::string& name) {
  ASSIGN_OR_RETURN(pg::Result found,
                   connection.Run(sql::kFindMailbox, pg::Params().Int(account_id).Text(name)));
  if (found.empty()) return NoSuchMailbox();
  return found.Int(0, 0);
}

// The mailbox of that name, with the levels above it, is made where it does not exist; returns its
// id. The account is locked.
absl::StatusOr<int64_t> EnsureMailbox(pg::Connection& connection, int64_t account_id,
                                      const std::string& name);

inline prometheus::Counter& CorruptCounter() {
  return metrics::Counter("pennypost_mailbox_corrupt_total",
                          "Contents that did not fit their checksum when they were looked at");
}

// A row for each message that is taken out of a mailbox, so that it can be restored.
struct GoneMessages {
  std::vector<int64_t> uids;
  std::vector<Uuid> emails;
  std::vector<absl::Time> dates;
  std::vector<std::string> flags;
};
inline absl::Status RecordDeleted(pg::Connection& connection, int64_t account_id,
                                  int64_t mailbox_id, int64_t modseq, const GoneMessages& gone) {
  pg::Params params;
  params.Int(account_id).Int(mailbox_id).Int(modseq).Ints(gone.uids).Ids(gone.emails);
  params.Times(gone.dates).Texts(gone.flags);
  return connection.Run(sql::kInsertDeleted, params).status();
}

// A message of a change, with what its removal and its counters need.
struct Selected {
  MessageRow row;
  Uuid email_id;
};
// The rows of select_messages and its like.
std::vector<Selected> ToSelected(const pg::Result& r);

// Takes messages out of a mailbox, inside a transaction that holds the account's lock. Deleted ones
// keep their content until they can no longer be restored (ExpireDeleted).
enum class Removal { kMoved, kDeleted };
absl::Status Remove(pg::Connection& connection, int64_t account, int64_t mailbox, int64_t modseq,
                    const std::vector<Selected>& messages, Removal removal);

}  // namespace pennypost::mailbox
