// Deleted messages: list, restore.

#include "mailbox_sql.h"
#include "rpc/timestamp.h"
#include "services/mailbox/core/deleted.h"
#include "services/mailbox/core/flags.h"
#include "services/mailbox/store/pg_delivery.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

// A row of list_deleted and select_deleted.
struct DeletedRow {
  DeletedId id;
  absl::Time internal_date;
  std::string flags;
  Uuid email_id;
  int64_t size = 0;
  std::string mailbox;
};

DeletedId IdOf(const pg::Result& r, int row) {
  return {r.Int(row, 0), static_cast<uint64_t>(r.Int(row, 1)),
          static_cast<uint32_t>(r.Int(row, 2))};
}

std::vector<DeletedRow> ToDeleted(const pg::Result& r) {
  std::vector<DeletedRow> rows;
  for (int row = 0; row < r.rows(); ++row) {
    rows.push_back({IdOf(r, row), r.Time(row, 4), RemoveFlags(r.Text(row, 5), "\\Deleted"),
                    r.Id(row, 6), r.Int(row, 7), r.Text(row, 9)});
  }
  return rows;
}

struct Keys {
  std::vector<int64_t> mailboxes, modseqs, uids;
  void Add(const DeletedId& id) {
    mailboxes.push_back(id.mailbox_id);
    modseqs.push_back(static_cast<int64_t>(id.modseq));
    uids.push_back(id.uid);
  }
};

pg::Params SinceParams(int64_t account, const google::protobuf::Timestamp* since,
                       const std::string& mailbox, int limit) {
  pg::Params params;
  params.Int(account).Time(since ? rpc::TimeOf(*since) : absl::UnixEpoch());
  if (mailbox.empty()) {
    params.Null();
  } else {
    params.Text(mailbox);
  }
  params.Int(limit);
  return params;
}

// Puts rows that belong into one mailbox there. The account is locked.
absl::Status PutBack(pg::Connection& connection, int64_t account, int64_t modseq,
                     const std::string& mailbox, const std::vector<DeletedRow>& rows,
                     v1::RestoreDeletedResponse* response) {
  ASSIGN_OR_RETURN(int64_t mailbox_id, EnsureMailbox(connection, account, mailbox));
  int64_t unseen = 0, bytes = 0;
  for (const DeletedRow& row : rows) {
    unseen += HasFlag(row.flags, "\\Seen") ? 0 : 1;
    bytes += row.size;
  }
  auto count = static_cast<int64_t>(rows.size());
  pg::Params reserve;
  reserve.Ints({account}).Ints({mailbox_id}).Ints({count}).Ints({unseen}).Ints({0}).Ints({bytes});
  ASSIGN_OR_RETURN(pg::Result reserved, connection.Run(sql::kReserveMailbox, reserve));
  if (reserved.empty()) return NoSuchMailbox();
  if (reserved.Int(0, 2) > kLastUid) {
    return MakeError(absl::StatusCode::kResourceExhausted, Reason::kRateLimited,
                     "the mailbox has no UID left");
  }
  int64_t uid = reserved.Int(0, 2) - count;
  std::vector<int64_t> uids, sizes;
  std::vector<Uuid> emails;
  std::vector<absl::Time> dates;
  std::vector<std::string> flags;
  for (const DeletedRow& row : rows) {
    auto* restored = response->add_restored();
    restored->set_id(row.id.ToString());
    restored->set_mailbox(mailbox);
    restored->set_uid(static_cast<uint32_t>(uid));
    uids.push_back(uid++);
    emails.push_back(row.email_id);
    sizes.push_back(row.size);
    dates.push_back(row.internal_date);
    flags.push_back(row.flags);
  }
  auto same = [&rows](int64_t value) { return std::vector<int64_t>(rows.size(), value); };
  pg::Params insert, usage;
  insert.Ints(same(account)).Ints(same(mailbox_id)).Ints(uids).Ids(emails).Ints(same(modseq));
  insert.Ints(sizes).Times(dates).Texts(flags);
  usage.Int(account).Int(bytes).Int(count);
  return connection.RunAll({{&sql::kInsertMessages, &insert}, {&sql::kAdjustAccount, &usage}})
      .status();
}

// They are back: not to be restored once more, and their history says so.
absl::Status Release(pg::Connection& connection, const v1::RestoreDeletedRequest& request,
                     const std::vector<DeletedRow>& rows,
                     const v1::RestoreDeletedResponse& response) {
  std::map<std::string, const v1::RestoreDeletedResponse::Restored*> places;
  for (const auto& restored : response.restored()) places[restored.id()] = &restored;
  Keys keys;
  std::vector<Uuid> mails;
  std::vector<std::string> events;
  for (const DeletedRow& row : rows) {
    keys.Add(row.id);
    const auto* place = places[row.id.ToString()];
    mails.push_back(row.email_id);
    events.push_back(
        RestoredEvent(row.email_id.ToString(), place->mailbox(), place->uid(), request.actor()));
  }
  pg::Params release, note, names;
  std::vector<std::string_view> bytes(events.begin(), events.end());
  release.Int(request.account_id()).Ints(keys.mailboxes).Ints(keys.modseqs).Ints(keys.uids);
  note.Int(request.account_id()).Ids(mails).ByteArrays(bytes);
  names.Int(request.account_id()).Ints(keys.mailboxes);
  return connection
      .RunAll({{&sql::kReleaseDeleted, &release},
               {&sql::kNoteRestored, &note},
               {&sql::kForgetMailboxNames, &names}})
      .status();
}

}  // namespace

absl::Status PgStore::ListDeleted(const v1::ListDeletedRequest& request,
                                  v1::ListDeletedResponse* response) {
  int limit =
      request.limit() <= 0 || request.limit() > kMostDeleted ? kMostDeleted : request.limit();
  pg::Params params =
      SinceParams(request.account_id(), request.has_since() ? &request.since() : nullptr,
                  request.mailbox(), limit);
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kListDeleted, params));
  for (int row = 0; row < r.rows(); ++row) {
    auto* message = response->add_messages();
    message->set_id(IdOf(r, row).ToString());
    message->set_uid(static_cast<uint32_t>(r.Int(row, 2)));
    rpc::SetTime(r.Time(row, 3), message->mutable_deleted_at());
    rpc::SetTime(r.Time(row, 4), message->mutable_internal_date());
    for (std::string& flag : SplitFlags(r.Text(row, 5))) message->add_flags(std::move(flag));
    message->set_email_id(r.Id(row, 6).ToString());
    message->set_size_bytes(static_cast<uint64_t>(r.Int(row, 7)));
    DescribeContent(r.Bytes(row, 8), message);
    message->set_mailbox(r.Text(row, 9));
  }
  return absl::OkStatus();
}

absl::Status PgStore::RestoreDeleted(const v1::RestoreDeletedRequest& request,
                                     v1::RestoreDeletedResponse* response) {
  int64_t account = request.account_id();
  Keys keys;
  for (const std::string& text : request.ids()) {
    ASSIGN_OR_RETURN(DeletedId id, ParseDeletedId(text));
    keys.Add(id);
  }
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    response->Clear();
    ASSIGN_OR_RETURN(LockedAccount locked, LockAccount(connection, account));
    pg::Params params;
    if (request.ids().empty()) {
      params = SinceParams(account, request.has_since() ? &request.since() : nullptr,
                           request.mailbox(), kMostDeleted);
    } else {
      params.Int(account).Ints(keys.mailboxes).Ints(keys.modseqs).Ints(keys.uids);
    }
    ASSIGN_OR_RETURN(
        pg::Result found,
        connection.Run(request.ids().empty() ? sql::kListDeleted : sql::kSelectDeleted, params));
    std::vector<DeletedRow> rows = ToDeleted(found);
    response->set_more(request.ids().empty() && rows.size() == kMostDeleted);
    std::set<std::string> taken;
    std::map<std::string, std::vector<DeletedRow>> by_mailbox;
    for (const DeletedRow& row : rows) {
      if (!taken.insert(row.id.ToString()).second) continue;
      std::string mailbox = request.into().empty() ? row.mailbox : request.into();
      by_mailbox[mailbox.empty() ? "INBOX" : mailbox].push_back(row);
    }
    for (const std::string& id : request.ids()) {
      if (!taken.contains(id)) response->add_missing(id);
    }
    for (auto& [mailbox, messages] : by_mailbox) {
      // In the order they once came.
      std::sort(messages.begin(), messages.end(), [](const DeletedRow& a, const DeletedRow& b) {
        return std::tie(a.id.mailbox_id, a.id.uid, a.id.modseq) <
               std::tie(b.id.mailbox_id, b.id.uid, b.id.modseq);
      });
      RETURN_IF_ERROR(PutBack(connection, account, locked.modseq, mailbox, messages, response));
    }
    return rows.empty() ? absl::OkStatus() : Release(connection, request, rows, *response);
  });
}

}  // namespace pennypost::mailbox
