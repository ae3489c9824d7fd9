// Messages of a mailbox: read, flag, expunge.

#include "base/mutant.h"
#include "log/log.h"
#include "mailbox_sql.h"
#include "services/mailbox/core/flags.h"
#include "services/mailbox/store/not_there.h"
#include "services/mailbox/store/pg_delivery.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

constexpr uint64_t kMostAtOnce = 1 << 20;

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

}  // namespace

std::vector<Selected> ToSelected(const pg::Result& r) {
  std::vector<Selected> out;
  std::vector<MessageRow> rows = ToMessages(r);
  for (size_t i = 0; i < rows.size(); ++i)
    out.push_back({std::move(rows[i]), r.Id(static_cast<int>(i), 5)});
  return out;
}

absl::Status Remove(pg::Connection& connection, int64_t account, int64_t mailbox, int64_t modseq,
                    const std::vector<Selected>& messages, Removal removal) {
  GoneMessages gone;
  int64_t unseen = 0, deleted = 0, bytes = 0;
  for (const Selected& message : messages) {
    gone.uids.push_back(message.row.uid);
    gone.emails.push_back(message.email_id);
    gone.dates.push_back(message.row.internal_date);
    gone.flags.push_back(message.row.flags);
    unseen += Unseen(message.row.flags);
    deleted += Deleted(message.row.flags);
    bytes += static_cast<int64_t>(message.row.size);
  }
  auto count = static_cast<int64_t>(messages.size());
  RETURN_IF_ERROR(
      connection.Run(sql::kDeleteMessages, pg::Params().Int(account).Int(mailbox).Ints(gone.uids))
          .status());
  pg::Params counters;
  counters.Int(account).Int(mailbox).Int(-count).Int(-unseen).Int(-deleted).Int(-bytes).Int(modseq);
  if (removal == Removal::kDeleted) {
    if constexpr (kMutant == Mutant::kM9) {
      pg::Statement drop{
          "drop_anyway",
          "DELETE FROM mailbox_blobs b USING mailbox_emails e WHERE e.account_id = $1 "
          "AND e.email_id = ANY ($2::uuid[]) AND b.blob_id = e.blob_id"};
      RETURN_IF_ERROR(connection.Run(drop, pg::Params().Int(account).Ids(gone.emails)).status());
    }
    RETURN_IF_ERROR(RecordDeleted(connection, account, mailbox, modseq, gone));
    pg::Params usage;
    usage.Int(account).Int(-bytes).Int(-count);
    return connection.RunAll({{&sql::kAdjustMailbox, &counters}, {&sql::kAdjustAccount, &usage}})
        .status();
  }
  pg::Params vanished;
  vanished.Int(account).Int(mailbox).Int(modseq).Ints(gone.uids);
  return connection.RunAll({{&sql::kInsertVanished, &vanished}, {&sql::kAdjustMailbox, &counters}})
      .status();
}

namespace {

absl::Status Corrupt(int64_t account_id, const Uuid& email_id) {
  log::Error("mailbox.content.corrupt", {{"account", account_id}, {"email", email_id.ToString()}});
  CorruptCounter().Increment();
  return MakeError(absl::StatusCode::kDataLoss, Reason::kCorrupt,
                   "stored content does not match its checksum");
}

// Inside a snapshot.
absl::Status ReadChanges(pg::Connection& connection, const pg::Params& place,
                         const pg::Params& since, int64_t modseq, MailboxChanges* changes) {
  ASSIGN_OR_RETURN(auto results, connection.RunAll({{&sql::kGetMailbox, &place},
                                                    {&sql::kListChanged, &since},
                                                    {&sql::kListVanished, &since},
                                                    {&sql::kVanishedFloor, &place}}));
  if (results[0].empty()) return NoSuchMailbox();
  ToMailbox(results[0], 0, &changes->mailbox);
  changes->changed = ToMessages(results[1]);
  if (modseq < results[3].Int(0, 0)) {
    ASSIGN_OR_RETURN(pg::Result there, connection.Run(sql::kListMessages, place));
    changes->not_there = NotThere(ToMessages(there), changes->mailbox.uid_next());
    return absl::OkStatus();
  }
  for (int row = 0; row < results[2].rows(); ++row)
    changes->vanished.push_back(static_cast<uint32_t>(results[2].Int(row, 0)));
  return absl::OkStatus();
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

absl::StatusOr<MailboxChanges> PgStore::GetChanges(const v1::GetChangesRequest& request) {
  auto modseq = static_cast<int64_t>(request.since_modseq());
  pg::Params place, since;
  place.Int(request.account_id()).Int(request.mailbox_id());
  since.Int(request.account_id()).Int(request.mailbox_id()).Int(modseq);
  MailboxChanges changes;
  absl::Status status = pool_.With([&](pg::Connection& connection) -> absl::Status {
    changes = {};
    // Most often there is nothing: every change of a mailbox raises its HIGHESTMODSEQ.
    ASSIGN_OR_RETURN(pg::Result state, connection.Run(sql::kGetMailbox, place));
    if (state.empty()) return NoSuchMailbox();
    ToMailbox(state, 0, &changes.mailbox);
    if (changes.mailbox.highest_modseq() <= request.since_modseq()) return absl::OkStatus();
    RETURN_IF_ERROR(connection.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    absl::Status read = ReadChanges(connection, place, since, modseq, &changes);
    connection.Rollback();
    return read;
  });
  if (!status.ok()) return status;
  return changes;
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
    std::string content = r.Text(row, 3);
    if (!r.Bytes(row, 9).empty()) {
      auto outside = GetOutside(r.Text(row, 9));
      if (outside.status().code() == absl::StatusCode::kDataLoss)
        return Corrupt(account_id, r.Id(row, 4));
      if (!outside.ok()) return outside.status();
      content = *std::move(outside);
    }
    if (want.content && Sha256(content) != r.Bytes(row, 8))
      return Corrupt(account_id, r.Id(row, 4));
    out.push_back({static_cast<uint32_t>(r.Int(row, 0)), r.Text(row, 1), r.Text(row, 2),
                   std::move(content), r.Id(row, 4).ToString(), r.Id(row, 5).ToString(),
                   r.Time(row, 6)});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.uid < b.uid; });
  return out;
}

absl::Status PgStore::ReadContent(const v1::ReadContentRequest& request,
                                  v1::ReadContentResponse* response) {
  constexpr uint64_t kLargest = INT32_MAX;
  if (request.offset() > kLargest) return SyntaxError("the offset is too large");
  pg::Params params;
  params.Int(request.account_id()).Int(request.mailbox_id()).Int(request.uid());
  params.Int(static_cast<int64_t>(request.offset()));
  params.Int(static_cast<int64_t>(std::min(request.length(), kMostAtOnce)));
  Verified::Key key{request.account_id(), request.mailbox_id(), request.uid()};
  bool verified = verified_.Contains(key);
  params.Bool(!verified);
  ASSIGN_OR_RETURN(pg::Result found, pool_.Run(sql::kReadContent, params));
  if (found.empty()) return NotFoundError("the message is gone");
  if (!found.Bool(0, 2)) return Corrupt(request.account_id(), found.Id(0, 3));
  if (!found.Bytes(0, 4).empty())
    return ReadOutside(request, found, verified ? Verify::kNo : Verify::kYes, response);
  if (!verified) verified_.Add(key);
  response->set_data(found.Text(0, 0));
  response->set_total_size(static_cast<uint64_t>(found.Int(0, 1)));
  return absl::OkStatus();
}

// The first part of a content brings all of it, to be checked; the others come alone.
absl::Status PgStore::ReadOutside(const v1::ReadContentRequest& request, const pg::Result& found,
                                  Verify verify, v1::ReadContentResponse* response) {
  uint64_t length = std::min(request.length(), kMostAtOnce);
  response->set_total_size(static_cast<uint64_t>(found.Int(0, 1)));
  if (verify == Verify::kNo) {
    if (request.offset() >= response->total_size()) return absl::OkStatus();
    if (outside_ == nullptr) return UnavailableError("no object store is configured");
    ASSIGN_OR_RETURN(*response->mutable_data(),
                     outside_->GetRange(found.Text(0, 4), request.offset(), length));
    return absl::OkStatus();
  }
  auto content = GetOutside(found.Text(0, 4));
  if (!content.ok() && content.status().code() != absl::StatusCode::kDataLoss)
    return content.status();
  if (!content.ok() || Sha256(*content) != found.Bytes(0, 5))
    return Corrupt(request.account_id(), found.Id(0, 3));
  verified_.Add({request.account_id(), request.mailbox_id(), request.uid()});
  if (request.offset() < content->size())
    response->set_data(content->substr(request.offset(), length));
  return absl::OkStatus();
}

absl::Status PgStore::StoreFlags(const v1::StoreFlagsRequest& request, const std::string& flags,
                                 mail::Rights rights, std::vector<MessageRow>* rows,
                                 std::vector<uint32_t>* modified) {
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
      row.flags = ChangeWithRights(before, row.flags, rights);
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
    return Remove(connection, account, mailbox, modseq, gone, Removal::kDeleted);
  });
}

}  // namespace pennypost::mailbox
