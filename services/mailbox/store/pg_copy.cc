// COPY and MOVE, within an account and into another one.

#include "mailbox_sql.h"
#include "services/mailbox/core/flags.h"
#include "services/mailbox/store/pg_delivery.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

struct Locked {
  LockedAccount from, to;  // the same where it is one account
};

// In the order of their ids, as all do who lock more than one. The source of a copy does not
// change.
absl::StatusOr<Locked> LockBoth(pg::Connection& connection, int64_t from, int64_t to, bool move) {
  Locked locked;
  auto lock_source = [&]() -> absl::Status {
    if (!move) return connection.Run(sql::kHoldAccount, pg::Params().Int(from)).status();
    ASSIGN_OR_RETURN(locked.from, LockAccount(connection, from));
    return absl::OkStatus();
  };
  if (from < to) RETURN_IF_ERROR(lock_source());
  ASSIGN_OR_RETURN(locked.to, LockAccount(connection, to));
  if (from > to) RETURN_IF_ERROR(lock_source());
  if (from == to) locked.from = locked.to;
  return locked;
}

// Rows of the copies to be, and what they add to the counters.
struct Copies {
  std::vector<int64_t> accounts, mailboxes, uids, modseqs, sizes;
  std::vector<Uuid> emails;
  std::vector<absl::Time> dates;
  std::vector<std::string> flags;
  int64_t unseen = 0, deleted = 0, bytes = 0;
};

Copies ToCopies(const std::vector<Selected>& messages, MailboxPlace place, int64_t first_uid,
                int64_t modseq, mail::Rights rights) {
  Copies copies;
  int64_t uid = first_uid;
  for (const Selected& message : messages) {
    std::string flags = ChangeWithRights("", message.row.flags, rights);
    copies.accounts.push_back(place.account_id);
    copies.mailboxes.push_back(place.mailbox_id);
    copies.uids.push_back(uid++);
    copies.emails.push_back(message.email_id);
    copies.modseqs.push_back(modseq);
    copies.sizes.push_back(static_cast<int64_t>(message.row.size));
    copies.dates.push_back(message.row.internal_date);
    copies.unseen += HasFlag(flags, "\\Seen") ? 0 : 1;
    copies.deleted += HasFlag(flags, "\\Deleted") ? 1 : 0;
    copies.bytes += static_cast<int64_t>(message.row.size);
    copies.flags.push_back(std::move(flags));
  }
  return copies;
}

absl::Status Insert(pg::Connection& connection, MailboxPlace place, const Copies& copies) {
  pg::Params reserve, insert;
  reserve.Ints({place.account_id})
      .Ints({place.mailbox_id})
      .Ints({static_cast<int64_t>(copies.uids.size())})
      .Ints({copies.unseen})
      .Ints({copies.deleted})
      .Ints({copies.bytes});
  insert.Ints(copies.accounts)
      .Ints(copies.mailboxes)
      .Ints(copies.uids)
      .Ids(copies.emails)
      .Ints(copies.modseqs)
      .Ints(copies.sizes)
      .Times(copies.dates)
      .Texts(copies.flags);
  return connection.RunAll({{&sql::kReserveMailbox, &reserve}, {&sql::kInsertMessages, &insert}})
      .status();
}

}  // namespace

absl::Status PgStore::CopyMessages(const v1::CopyMessagesRequest& request, mail::Rights rights,
                                   v1::CopyMessagesResponse* response) {
  int64_t account = request.account_id(), source = request.mailbox_id();
  int64_t other = request.destination_account_id();
  int64_t target = other == 0 ? account : other;
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    response->Clear();
    ASSIGN_OR_RETURN(Locked locked, LockBoth(connection, account, target, request.move()));
    ASSIGN_OR_RETURN(
        pg::Result to,
        connection.Run(sql::kFindMailbox, pg::Params().Int(target).Text(request.destination())));
    if (to.empty()) return NoSuchMailbox();
    MailboxPlace place{target, to.Int(0, 0)};
    int64_t first_uid = to.Int(0, 3);
    response->set_destination_uid_validity(static_cast<uint32_t>(to.Int(0, 2)));
    response->set_highest_modseq(static_cast<uint64_t>(locked.from.modseq));
    pg::Params wanted;
    wanted.Int(account).Int(source).Ints({request.uids().begin(), request.uids().end()});
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kSelectMessages, wanted));
    std::vector<Selected> messages = ToSelected(found);
    if (messages.empty()) return absl::OkStatus();
    Copies copies = ToCopies(messages, place, first_uid, locked.to.modseq, rights);
    for (const Selected& message : messages) response->add_source_uids(message.row.uid);
    for (int64_t uid : copies.uids) response->add_destination_uids(static_cast<uint32_t>(uid));
    // Under the account's lock: no other change comes between this look and the commit (I17).
    bool stays = request.move() && target == account;
    if (!stays && request.quota_bytes() > 0 &&
        locked.to.used_bytes + copies.bytes > request.quota_bytes()) {
      return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
                       "the mailbox is full");
    }
    if (copies.uids.back() >= kLastUid) {
      return MakeError(absl::StatusCode::kResourceExhausted, Reason::kRateLimited,
                       "the mailbox has no UID left");
    }
    if (target != account) {
      pg::Params emails;
      emails.Int(account).Int(target).Ids(copies.emails);
      RETURN_IF_ERROR(connection.Run(sql::kCopyEmails, emails).status());
    }
    RETURN_IF_ERROR(Insert(connection, place, copies));
    if (stays)
      return Remove(connection, account, source, locked.from.modseq, messages, Removal::kMoved);
    auto count = static_cast<int64_t>(messages.size());
    RETURN_IF_ERROR(
        connection.Run(sql::kAdjustAccount, pg::Params().Int(target).Int(copies.bytes).Int(count))
            .status());
    if (!request.move()) return absl::OkStatus();
    // The owner can have back what another took.
    return Remove(connection, account, source, locked.from.modseq, messages, Removal::kDeleted);
  });
}

}  // namespace pennypost::mailbox
