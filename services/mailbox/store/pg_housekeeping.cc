// What the housekeeping takes away, in small steps by key.

#include "mailbox_sql.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

// "pennypost mailbox housekeeping", as good as any number of our own.
constexpr int64_t kTurn = 0x70705f6d626f7801;

struct Rows {
  std::vector<int64_t> mailboxes, modseqs, uids;
  std::vector<Uuid> emails;
};

// Rows of find_expired_deleted and find_old_vanished by account: each account has its own lock.
std::map<int64_t, Rows> ByAccount(const pg::Result& r, bool with_emails) {
  std::map<int64_t, Rows> accounts;
  for (int row = 0; row < r.rows(); ++row) {
    Rows& rows = accounts[r.Int(row, 0)];
    rows.mailboxes.push_back(r.Int(row, 1));
    rows.modseqs.push_back(r.Int(row, 2));
    rows.uids.push_back(r.Int(row, 3));
    if (with_emails) rows.emails.push_back(r.Id(row, 4));
  }
  return accounts;
}

pg::Params KeyParams(int64_t account, const Rows& rows) {
  pg::Params params;
  params.Int(account).Ints(rows.mailboxes).Ints(rows.modseqs).Ints(rows.uids);
  return params;
}

absl::Status Expire(pg::Connection& connection, int64_t account, const Rows& rows) {
  // Without the account's lock a restore could be bringing back what is taken here.
  RETURN_IF_ERROR(connection.Run(sql::kHoldAccount, pg::Params().Int(account)).status());
  RETURN_IF_ERROR(connection.Run(sql::kReleaseDeleted, KeyParams(account, rows)).status());
  pg::Params emails, names;
  emails.Int(account).Ids(rows.emails);
  names.Int(account).Ints(rows.mailboxes);
  ASSIGN_OR_RETURN(pg::Result orphans, connection.Run(sql::kDeleteOrphanEmails, emails));
  RETURN_IF_ERROR(LoosenBlobs(connection, orphans));
  return connection.Run(sql::kForgetMailboxNames, names).status();
}

absl::Status Trim(pg::Connection& connection, int64_t account, const Rows& rows) {
  RETURN_IF_ERROR(connection.Run(sql::kHoldAccount, pg::Params().Int(account)).status());
  std::map<int64_t, int64_t> floors;
  for (size_t i = 0; i < rows.uids.size(); ++i) {
    int64_t& floor = floors[rows.mailboxes[i]];
    floor = std::max(floor, rows.modseqs[i]);
  }
  std::vector<int64_t> mailboxes, modseqs;
  for (const auto& [mailbox, modseq] : floors) {
    mailboxes.push_back(mailbox);
    modseqs.push_back(modseq);
  }
  pg::Params raise, remove = KeyParams(account, rows);
  raise.Int(account).Ints(mailboxes).Ints(modseqs);
  return connection
      .RunAll({{&sql::kRaiseVanishedFloor, &raise}, {&sql::kDeleteOldVanished, &remove}})
      .status();
}

}  // namespace

absl::StatusOr<size_t> PgStore::InTurn(
    const std::function<absl::StatusOr<size_t>(pg::Connection&)>& step) {
  size_t taken = 0;
  absl::Status status = pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    taken = 0;
    ASSIGN_OR_RETURN(pg::Result turn, connection.Run(sql::kTakeTurn, pg::Params().Int(kTurn)));
    if (!turn.Bool(0, 0)) return absl::OkStatus();
    ASSIGN_OR_RETURN(taken, step(connection));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return taken;
}

absl::StatusOr<size_t> PgStore::ExpireDeleted(absl::Duration age, size_t limit) {
  pg::Params due;
  due.Int(absl::ToInt64Seconds(age)).Int(static_cast<int64_t>(limit));
  return InTurn([&](pg::Connection& connection) -> absl::StatusOr<size_t> {
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kFindExpiredDeleted, due));
    for (const auto& [account, rows] : ByAccount(found, /*with_emails=*/true))
      RETURN_IF_ERROR(Expire(connection, account, rows));
    return static_cast<size_t>(found.rows());
  });
}

absl::StatusOr<size_t> PgStore::TrimVanished(absl::Duration age, size_t limit) {
  pg::Params due;
  due.Int(absl::ToInt64Seconds(age)).Int(static_cast<int64_t>(limit));
  return InTurn([&](pg::Connection& connection) -> absl::StatusOr<size_t> {
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kFindOldVanished, due));
    for (const auto& [account, rows] : ByAccount(found, /*with_emails=*/false))
      RETURN_IF_ERROR(Trim(connection, account, rows));
    return static_cast<size_t>(found.rows());
  });
}

absl::StatusOr<size_t> PgStore::CollectContents(absl::Duration grace, size_t limit) {
  pg::Params due;
  due.Int(absl::ToInt64Seconds(grace)).Int(static_cast<int64_t>(limit));
  std::vector<std::string> objects;
  auto taken = InTurn([&](pg::Connection& connection) -> absl::StatusOr<size_t> {
    objects.clear();
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kFindLooseBlobs, due));
    std::vector<Uuid> blobs;
    for (int row = 0; row < found.rows(); ++row) blobs.push_back(found.Id(row, 0));
    if (blobs.empty()) return size_t{0};
    pg::Params params, forget;
    params.Ids(blobs);
    forget.Ids(blobs).Int(absl::ToInt64Seconds(grace));
    // Locked first: a delivery may be referring to one right now, and the delete must see it.
    ASSIGN_OR_RETURN(auto done, connection.RunAll({{&sql::kLockBlobs, &params},
                                                   {&sql::kDeleteOrphanBlobs, &params},
                                                   {&sql::kForgetLooseBlobs, &forget}}));
    std::vector<Uuid> gone;
    for (int row = 0; row < done[1].rows(); ++row) {
      gone.push_back(done[1].Id(row, 0));
      if (!done[1].Bytes(row, 1).empty()) objects.push_back(done[1].Text(row, 1));
    }
    if (!gone.empty()) {
      RETURN_IF_ERROR(connection.Run(sql::kForgetCorruptBlobs, pg::Params().Ids(gone)).status());
    }
    return blobs.size();
  });
  // After the commit: no row names them any more. What fails here, CollectOutside finds.
  for (const std::string& object : objects) {
    if (taken.ok() && outside_ != nullptr && !outside_->Delete(object).ok()) break;
  }
  return taken;
}

}  // namespace pennypost::mailbox
