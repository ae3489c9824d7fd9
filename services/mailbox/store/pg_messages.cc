// Messages of a mailbox: read, flag, copy, move, expunge.

#include "base/mutant.h"
#include "log/log.h"
#include "mailbox_sql.h"
#include "services/mailbox/core/flags.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

template <class Numbers>
std::vector<int64_t> ToInts(const Numbers& numbers) {
  return {numbers.begin(), numbers.end()};
}

int64_t Unseen(const std::string& flags) {
  return HasFlag(flags, "\\Seen") ? 0 : 1;
}
int64_t Deleted(const std::string& flags) {
  return HasFlag(flags, "\\Deleted") ? 1 : 0;
}

struct LockedAccount {
  int64_t modseq = 0;  // the next one, taken
  int64_t used_bytes = 0;
};

absl::StatusOr<LockedAccount> LockAccount(pg::Connection& connection, int64_t account_id) {
  ASSIGN_OR_RETURN(pg::Result locked,
                   connection.Run(sql::kLockAccount, pg::Params().Int(account_id)));
  if (locked.empty()) return NoSuchMailbox();
  return LockedAccount{locked.Int(0, 0), locked.Int(0, 1)};
}

// A message of a change, with what its removal and its counters need.
struct Selected {
  MessageRow row;
  Uuid email_id;
};

std::vector<Selected> ToSelected(const pg::Result& r) {
  std::vector<Selected> out;
  std::vector<MessageRow> rows = ToMessages(r);
  for (size_t i = 0; i < rows.size(); ++i)
    out.push_back({std::move(rows[i]), r.Id(static_cast<int>(i), 5)});
  return out;
}

// Takes messages out of a mailbox inside a transaction that holds the account's lock. With
// `keep_emails` their content stays (they were moved).
absl::Status Remove(pg::Connection& connection, int64_t account, int64_t mailbox, int64_t modseq,
                    const std::vector<Selected>& gone, bool keep_emails) {
  std::vector<int64_t> uids;
  std::vector<Uuid> emails;
  int64_t unseen = 0, deleted = 0, bytes = 0;
  for (const Selected& message : gone) {
    uids.push_back(message.row.uid);
    emails.push_back(message.email_id);
    unseen += Unseen(message.row.flags);
    deleted += Deleted(message.row.flags);
    bytes += static_cast<int64_t>(message.row.size);
  }
  auto count = static_cast<int64_t>(gone.size());
  RETURN_IF_ERROR(
      connection.Run(sql::kDeleteMessages, pg::Params().Int(account).Int(mailbox).Ints(uids))
          .status());
  RETURN_IF_ERROR(
      connection
          .Run(sql::kInsertVanished, pg::Params().Int(account).Int(mailbox).Int(modseq).Ints(uids))
          .status());
  pg::Params counters;
  counters.Int(account).Int(mailbox).Int(-count).Int(-unseen).Int(-deleted).Int(-bytes).Int(modseq);
  RETURN_IF_ERROR(connection.Run(sql::kAdjustMailbox, counters).status());
  if (keep_emails) return absl::OkStatus();
  RETURN_IF_ERROR(
      connection.Run(sql::kAdjustAccount, pg::Params().Int(account).Int(-bytes).Int(-count))
          .status());
  ASSIGN_OR_RETURN(pg::Result orphans,
                   connection.Run(sql::kDeleteOrphanEmails, pg::Params().Int(account).Ids(emails)));
  if constexpr (kMutant == Mutant::kM9) {
    std::vector<Uuid> blobs;
    for (int row = 0; row < orphans.rows(); ++row) blobs.push_back(orphans.Id(row, 0));
    pg::Statement drop{"drop_anyway", "DELETE FROM mailbox_blobs WHERE blob_id = ANY ($1::uuid[])"};
    return connection.Run(drop, pg::Params().Ids(blobs)).status();
  }
  return DropOrphanBlobs(connection, orphans);
}

}  // namespace

absl::Status PgStore::OpenMailbox(int64_t account_id, const std::string& name, v1::Mailbox* mailbox,
                                  std::vector<MessageRow>* rows) {
  return pool_.With([&](pg::Connection& connection) -> absl::Status {
    // One snapshot: UIDNEXT and HIGHESTMODSEQ belong to the list.
    RETURN_IF_ERROR(connection.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    absl::Status status = [&]() -> absl::Status {
      ASSIGN_OR_RETURN(pg::Result found,
                       connection.Run(sql::kFindMailbox, pg::Params().Int(account_id).Text(name)));
      if (found.empty()) return NoSuchMailbox();
      ToMailbox(found, 0, mailbox);
      ASSIGN_OR_RETURN(
          pg::Result list,
          connection.Run(sql::kListMessages, pg::Params().Int(account_id).Int(mailbox->id())));
      *rows = ToMessages(list);
      return absl::OkStatus();
    }();
    connection.Rollback();
    return status;
  });
}

absl::Status PgStore::GetChanges(const v1::GetChangesRequest& request, v1::Mailbox* mailbox,
                                 std::vector<MessageRow>* changed,
                                 std::vector<uint32_t>* vanished) {
  pg::Params place, since;
  place.Int(request.account_id()).Int(request.mailbox_id());
  since.Int(request.account_id())
      .Int(request.mailbox_id())
      .Int(static_cast<int64_t>(request.since_modseq()));
  return pool_.With([&](pg::Connection& connection) -> absl::Status {
    // Most often there is nothing: every change of a mailbox raises its HIGHESTMODSEQ.
    ASSIGN_OR_RETURN(pg::Result state, connection.Run(sql::kGetMailbox, place));
    if (state.empty()) return NoSuchMailbox();
    ToMailbox(state, 0, mailbox);
    if (mailbox->highest_modseq() <= request.since_modseq()) return absl::OkStatus();
    RETURN_IF_ERROR(connection.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    auto results = connection.RunAll(
        {{&sql::kGetMailbox, &place}, {&sql::kListChanged, &since}, {&sql::kListVanished, &since}});
    connection.Rollback();
    if (!results.ok()) return results.status();
    if ((*results)[0].empty()) return NoSuchMailbox();
    ToMailbox((*results)[0], 0, mailbox);
    *changed = ToMessages((*results)[1]);
    for (int row = 0; row < (*results)[2].rows(); ++row) {
      vanished->push_back(static_cast<uint32_t>((*results)[2].Int(row, 0)));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<MessageRow>> PgStore::ListMessages(int64_t account_id,
                                                              int64_t mailbox_id) {
  ASSIGN_OR_RETURN(pg::Result list,
                   pool_.Run(sql::kListMessages, pg::Params().Int(account_id).Int(mailbox_id)));
  return ToMessages(list);
}

absl::StatusOr<std::vector<MessageContent>> PgStore::Fetch(int64_t account_id, int64_t mailbox_id,
                                                           const std::vector<uint32_t>& uids,
                                                           Want want) {
  pg::Params params;
  params.Int(account_id)
      .Int(mailbox_id)
      .Ints(ToInts(uids))
      .Bool(want.structure)
      .Bool(want.header)
      .Bool(want.content);
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kFetchMessages, params));
  std::vector<MessageContent> out;
  for (int row = 0; row < r.rows(); ++row) {
    if (want.content && Sha256(r.Bytes(row, 3)) != r.Bytes(row, 8)) {
      log::Error("mailbox.content.corrupt",
                 {{"account", account_id}, {"email", r.Id(row, 4).ToString()}});
      return MakeError(absl::StatusCode::kDataLoss, Reason::kCorrupt,
                       "stored content does not match its checksum");
    }
    out.push_back({static_cast<uint32_t>(r.Int(row, 0)), r.Text(row, 1), r.Text(row, 2),
                   r.Text(row, 3), r.Id(row, 4).ToString(), r.Id(row, 5).ToString(),
                   r.Time(row, 6)});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.uid < b.uid; });
  return out;
}

absl::Status PgStore::ReadContent(const v1::ReadContentRequest& request,
                                  v1::ReadContentResponse* response) {
  constexpr uint64_t kMostAtOnce = 1 << 20;
  constexpr uint64_t kLargest = INT32_MAX;
  if (request.offset() > kLargest) return SyntaxError("the offset is too large");
  pg::Params params;
  params.Int(request.account_id()).Int(request.mailbox_id()).Int(request.uid());
  params.Int(static_cast<int64_t>(request.offset()));
  params.Int(static_cast<int64_t>(std::min(request.length(), kMostAtOnce)));
  ASSIGN_OR_RETURN(pg::Result found, pool_.Run(sql::kReadContent, params));
  if (found.empty()) return NotFoundError("the message is gone");
  response->set_data(found.Text(0, 0));
  response->set_total_size(static_cast<uint64_t>(found.Int(0, 1)));
  return absl::OkStatus();
}

absl::Status PgStore::StoreFlags(const v1::StoreFlagsRequest& request, const std::string& flags,
                                 std::vector<MessageRow>* rows, std::vector<uint32_t>* modified) {
  int64_t account = request.account_id(), mailbox = request.mailbox_id();
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    rows->clear();
    modified->clear();
    ASSIGN_OR_RETURN(LockedAccount locked, LockAccount(connection, account));
    int64_t modseq = locked.modseq;
    ASSIGN_OR_RETURN(
        pg::Result found,
        connection.Run(sql::kSelectMessages,
                       pg::Params().Int(account).Int(mailbox).Ints(ToInts(request.uids()))));
    std::vector<int64_t> uids;
    std::vector<std::string> texts;
    int64_t unseen = 0, deleted = 0;
    for (MessageRow& row : ToMessages(found)) {
      if (request.has_unchanged_since() && row.modseq > request.unchanged_since()) {
        modified->push_back(row.uid);
        continue;
      }
      std::string before = row.flags;
      switch (request.mode()) {
        case v1::StoreFlagsRequest::MODE_ADD:
          row.flags = AddFlags(before, flags);
          break;
        case v1::StoreFlagsRequest::MODE_REMOVE:
          row.flags = RemoveFlags(before, flags);
          break;
        default:
          row.flags = flags;
      }
      if (row.flags != before) {
        row.modseq = static_cast<uint64_t>(modseq);
        uids.push_back(row.uid);
        texts.push_back(row.flags);
        unseen += Unseen(row.flags) - Unseen(before);
        deleted += Deleted(row.flags) - Deleted(before);
      }
      rows->push_back(std::move(row));
    }
    if (uids.empty()) return absl::OkStatus();
    pg::Params update, counters;
    update.Int(account).Int(mailbox).Ints(uids).Texts(texts).Int(modseq);
    counters.Int(account).Int(mailbox).Int(0).Int(unseen).Int(deleted).Int(0).Int(modseq);
    return connection.RunAll({{&sql::kUpdateFlags, &update}, {&sql::kAdjustMailbox, &counters}})
        .status();
  });
}

absl::Status PgStore::CopyMessages(const v1::CopyMessagesRequest& request,
                                   v1::CopyMessagesResponse* response) {
  int64_t account = request.account_id(), source = request.mailbox_id();
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    response->Clear();
    ASSIGN_OR_RETURN(LockedAccount locked, LockAccount(connection, account));
    int64_t modseq = locked.modseq;
    ASSIGN_OR_RETURN(
        pg::Result to,
        connection.Run(sql::kFindMailbox, pg::Params().Int(account).Text(request.destination())));
    if (to.empty()) return NoSuchMailbox();
    int64_t destination = to.Int(0, 0);
    int64_t uid = to.Int(0, 3);
    response->set_destination_uid_validity(static_cast<uint32_t>(to.Int(0, 2)));
    response->set_highest_modseq(static_cast<uint64_t>(modseq));
    ASSIGN_OR_RETURN(
        pg::Result found,
        connection.Run(sql::kSelectMessages,
                       pg::Params().Int(account).Int(source).Ints(ToInts(request.uids()))));
    std::vector<Selected> messages = ToSelected(found);
    if (messages.empty()) return absl::OkStatus();
    std::vector<int64_t> accounts, mailboxes, uids, modseqs, sizes;
    std::vector<Uuid> emails;
    std::vector<absl::Time> dates;
    std::vector<std::string> flags;
    int64_t unseen = 0, deleted = 0, bytes = 0;
    for (const Selected& message : messages) {
      response->add_source_uids(message.row.uid);
      response->add_destination_uids(static_cast<uint32_t>(uid));
      accounts.push_back(account);
      mailboxes.push_back(destination);
      uids.push_back(uid++);
      emails.push_back(message.email_id);
      modseqs.push_back(modseq);
      sizes.push_back(static_cast<int64_t>(message.row.size));
      dates.push_back(message.row.internal_date);
      flags.push_back(message.row.flags);
      unseen += Unseen(message.row.flags);
      deleted += Deleted(message.row.flags);
      bytes += static_cast<int64_t>(message.row.size);
    }
    // Under the account's lock: no other change comes between this look and the commit (I17).
    bool over = request.quota_bytes() > 0 && locked.used_bytes + bytes > request.quota_bytes();
    if (over && !request.move()) {
      return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
                       "the mailbox is full");
    }
    auto count = static_cast<int64_t>(messages.size());
    pg::Params reserve, insert;
    reserve.Ints({account})
        .Ints({destination})
        .Ints({count})
        .Ints({unseen})
        .Ints({deleted})
        .Ints({bytes});
    insert.Ints(accounts)
        .Ints(mailboxes)
        .Ints(uids)
        .Ids(emails)
        .Ints(modseqs)
        .Ints(sizes)
        .Times(dates)
        .Texts(flags);
    RETURN_IF_ERROR(
        connection.RunAll({{&sql::kReserveMailbox, &reserve}, {&sql::kInsertMessages, &insert}})
            .status());
    if (request.move())
      return Remove(connection, account, source, modseq, messages, /*keep_emails=*/true);
    return connection.Run(sql::kAdjustAccount, pg::Params().Int(account).Int(bytes).Int(count))
        .status();
  });
}

absl::Status PgStore::Expunge(const v1::ExpungeRequest& request, v1::ExpungeResponse* response) {
  int64_t account = request.account_id(), mailbox = request.mailbox_id();
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    response->Clear();
    ASSIGN_OR_RETURN(LockedAccount locked, LockAccount(connection, account));
    int64_t modseq = locked.modseq;
    response->set_highest_modseq(static_cast<uint64_t>(modseq));
    pg::Params params;
    params.Int(account).Int(mailbox);
    bool all = request.uids().empty();
    if (!all) params.Ints(ToInts(request.uids()));
    ASSIGN_OR_RETURN(pg::Result found,
                     connection.Run(all ? sql::kSelectAllMessages : sql::kSelectMessages, params));
    std::vector<Selected> gone;
    for (Selected& message : ToSelected(found)) {
      bool take = Deleted(message.row.flags) == 1 || (!all && request.regardless_of_flag());
      if (!take) continue;
      response->add_uids(message.row.uid);
      gone.push_back(std::move(message));
    }
    if (gone.empty()) return absl::OkStatus();
    return Remove(connection, account, mailbox, modseq, gone, /*keep_emails=*/false);
  });
}

}  // namespace pennypost::mailbox
