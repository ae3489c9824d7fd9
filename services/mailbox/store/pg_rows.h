#pragma once
// Private to the store: rows of its statements.

#include "mailbox_sql.h"
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

// Blobs that no email refers to any more go. Locked first: another account may be referring to one
// right now.
inline absl::Status DropOrphanBlobs(pg::Connection& connection, const pg::Result& orphan_emails) {
  std::vector<Uuid> blobs;
  for (int row = 0; row < orphan_emails.rows(); ++row) blobs.push_back(orphan_emails.Id(row, 0));
  if (blobs.empty()) return absl::OkStatus();
  pg::Params params;
  params.Ids(blobs);
  return connection.RunAll({{&sql::kLockBlobs, &params}, {&sql::kDeleteOrphanBlobs, &params}})
      .status();
}

inline absl::Status NoSuchMailbox() {
  return NotFoundError("no such mailbox");
}

}  // namespace pennypost::mailbox
