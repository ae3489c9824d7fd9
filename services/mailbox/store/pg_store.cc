#include "services/mailbox/store/pg_store.h"

#include <absl/time/clock.h>

#include "log/log.h"
#include "mailbox_sql.h"
#include "rpc/timestamp.h"
#include "services/mailbox/store/pg_delivery.h"
#include "services/mailbox/store/pg_rows.h"

namespace pennypost::mailbox {
namespace {

constexpr int kAttempts = 10;
// How long an unknown COMMIT is looked for: senders wait ten minutes for the answer to their final
// dot.
constexpr absl::Duration kUncertainPatience = absl::Seconds(30);

void SetAll(const std::vector<Delivery*>& batch, const absl::Status& status) {
  for (Delivery* delivery : batch) {
    delivery->status = delivery->stale ? absl::AbortedError("scripts changed meanwhile") : status;
  }
}

}  // namespace

PgStore::PgStore(std::string dsn, size_t pool_size, size_t writers,
                 std::unique_ptr<BlobStore> outside, size_t outside_min)
    : outside_(std::move(outside)),
      outside_min_(outside_min),
      pool_(dsn, pool_size, "mailbox_reserve"),
      writer_pool_(dsn, writers) {}

PgStore::Stored PgStore::TryToStore(const std::vector<Delivery*>& batch, absl::Status* error) {
  BatchOutcome outcome = BatchOutcome::kRepeat;
  bool uncertain = false;
  absl::Time give_up = absl::Now() + kUncertainPatience;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    absl::Status status = writer_pool_.WithOnce([&](pg::Connection& connection) {
      outcome = TryBatch(connection, batch, inboxes_, error);
      return absl::OkStatus();
    });
    if (!status.ok()) {
      outcome = BatchOutcome::kFailed;
      *error = status;
    }
    if (outcome == BatchOutcome::kFailed && ReasonOf(*error) == Reason::kStorageFull)
      pool_.NoteFull();  // which has the reserve
    bool unknown = outcome == BatchOutcome::kFailed && error->code() == absl::StatusCode::kUnknown;
    if (unknown)
      log::Warning("mailbox.commit.unknown", {{"messages", static_cast<uint64_t>(batch.size())}});
    uncertain = uncertain || unknown;
    bool away = outcome == BatchOutcome::kFailed && error->code() == absl::StatusCode::kUnavailable;
    if (unknown || (away && (uncertain || attempt == 0))) {
      // COMMIT may have happened: only the database can say. The next attempt finds what was stored
      // (or stores it). Without a COMMIT under way one more try is enough: the connection may just
      // have been an old one.
      if (absl::Now() > give_up) break;
      if (uncertain) {
        absl::SleepFor(absl::Milliseconds(200));
        attempt = 0;
      }
      continue;
    }
    if (outcome != BatchOutcome::kRepeat) break;
  }
  switch (outcome) {
    case BatchOutcome::kDone:
      return Stored::kAll;
    case BatchOutcome::kSplit:
      return Stored::kEachMayDiffer;
    case BatchOutcome::kRepeat:
      *error = absl::AbortedError("the mailbox is busy");
      return Stored::kNone;
    case BatchOutcome::kFailed:
      break;
  }
  return Stored::kNone;
}

void PgStore::StoreBatch(const std::vector<Delivery*>& batch) {
  absl::Status error;
  switch (TryToStore(batch, &error)) {
    case Stored::kAll:
      return SetAll(batch, absl::OkStatus());
    case Stored::kNone:
      return SetAll(batch, error);
    case Stored::kEachMayDiffer:
      for (Delivery* delivery : batch) {
        if (!delivery->stale) StoreBatch({delivery});
      }
  }
}

absl::Status PgStore::StoreTogether(const std::vector<Delivery*>& batch) {
  absl::Status error;
  for (Delivery* delivery : batch) {
    error = PutOutside(delivery);
    if (error.ok()) continue;
    SetAll(batch, error);
    return error;
  }
  bool stored = TryToStore(batch, &error) == Stored::kAll;
  SetAll(batch, stored ? absl::OkStatus() : error);
  return batch.front()->status;
}

absl::StatusOr<std::vector<bool>> PgStore::FindStored(int64_t account_id,
                                                      const std::vector<Uuid>& ids) {
  std::vector<int64_t> owners(ids.size(), account_id);
  ASSIGN_OR_RETURN(pg::Result rows,
                   pool_.Run(sql::kFindDelivered, pg::Params().Ids(ids).Ints(owners)));
  std::set<Uuid> found;
  for (int row = 0; row < rows.rows(); ++row) found.insert(rows.Id(row, 0));
  std::vector<bool> stored;
  for (const Uuid& id : ids) stored.push_back(found.contains(id));
  return stored;
}

absl::Status PgStore::EnsureAccount(int64_t account_id) {
  {
    std::lock_guard lock(mutex_);
    if (known_accounts_.contains(account_id)) return absl::OkStatus();
  }
  RETURN_IF_ERROR(pool_.Run(sql::kEnsureAccount, pg::Params().Int(account_id)).status());
  std::lock_guard lock(mutex_);
  known_accounts_.insert(account_id);
  return absl::OkStatus();
}

absl::Status PgStore::CheckQuota(const v1::CheckQuotaRequest& request) {
  if (request.quota_bytes() <= 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(pg::Result state,
                   pool_.Run(sql::kAccountState, pg::Params().Int(request.account_id())));
  int64_t used = state.empty() ? 0 : state.Int(0, 1);
  // A message of unknown size is let in while there is room for anything.
  if (used + std::max<int64_t>(request.size(), 1) > request.quota_bytes()) {
    return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
                     "the mailbox is full");
  }
  return absl::OkStatus();
}

absl::Status PgStore::GetQuota(int64_t account_id, v1::GetQuotaResponse* response) {
  ASSIGN_OR_RETURN(pg::Result state, pool_.Run(sql::kAccountState, pg::Params().Int(account_id)));
  if (state.empty()) return absl::OkStatus();
  response->set_used_bytes(static_cast<uint64_t>(state.Int(0, 1)));
  response->set_messages(static_cast<uint64_t>(state.Int(0, 2)));
  return absl::OkStatus();
}

absl::StatusOr<std::map<int64_t, uint64_t>> PgStore::GetModseqs(
    const std::vector<int64_t>& accounts) {
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kAccountModseqs, pg::Params().Ints(accounts)));
  std::map<int64_t, uint64_t> modseqs;
  for (int row = 0; row < result.rows(); ++row)
    modseqs[result.Int(row, 0)] = static_cast<uint64_t>(result.Int(row, 1));
  return modseqs;
}

absl::Status PgStore::LockMaildrop(int64_t account_id, const Uuid& holder, absl::Duration length) {
  pg::Params params;
  params.Int(account_id).Id(holder).Int(absl::ToInt64Seconds(length));
  ASSIGN_OR_RETURN(pg::Result locked, pool_.Run(sql::kLockMaildrop, params));
  if (!locked.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, Reason::kConflict, "the maildrop is in use");
}

absl::Status PgStore::UnlockMaildrop(int64_t account_id, const Uuid& holder) {
  return pool_.Run(sql::kUnlockMaildrop, pg::Params().Int(account_id).Id(holder)).status();
}

absl::Status PgStore::DeleteAccount(int64_t account_id) {
  {
    std::lock_guard lock(mutex_);
    known_accounts_.erase(account_id);
  }
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    pg::Params account;
    account.Int(account_id);
    ASSIGN_OR_RETURN(pg::Result emails, connection.Run(sql::kDeleteAccountEmails, account));
    // mailboxes and subscriptions go with the account's row.
    for (const pg::Statement* statement :
         {&sql::kDeleteAccountMessages, &sql::kDeleteAccountVanished,
          &sql::kDeleteAccountDeliveries, &sql::kDeleteRightsOfGrantee,
          &sql::kDeleteAccountAccounts}) {
      RETURN_IF_ERROR(connection.Run(*statement, account).status());
    }
    return LoosenBlobs(connection, emails);
  });
}

absl::Status PgStore::GetHistory(const v1::GetHistoryRequest& request,
                                 v1::GetHistoryResponse* response) {
  int limit = request.limit() <= 0 || request.limit() > 1000 ? 100 : request.limit();
  absl::StatusOr<pg::Result> found;
  if (!request.mail_id().empty()) {
    auto id = Uuid::FromString(request.mail_id());
    if (!id) return SyntaxError(fmt::format("'{}' is no mail id", request.mail_id()));
    found = pool_.Run(sql::kHistoryByMail, pg::Params().Id(*id).Int(limit));
  } else if (request.address().empty()) {
    found = pool_.Run(sql::kHistoryRecent, pg::Params().Int(limit));
  } else {
    found = pool_.Run(sql::kHistoryByAddress, pg::Params().Text(request.address()).Int(limit));
  }
  if (!found.ok()) return found.status();
  for (int row = 0; row < found->rows(); ++row) {
    v1::DeliverRequest stored;
    std::string_view events = found->Bytes(row, 6);
    if (stored.ParseFromArray(events.data(), static_cast<int>(events.size()))) {
      for (auto& event : *stored.mutable_events()) *response->add_events() = std::move(event);
    }
    auto* event = response->add_events();
    event->set_mail_id(found->Id(row, 0).ToString());
    rpc::SetTime(found->Time(row, 1), event->mutable_time());
    event->set_service("mailbox");
    event->set_sender(found->Text(row, 2));
    event->set_recipient(found->Text(row, 3));
    if (found->Int(row, 5) == 0) {
      event->set_kind("handled");
      event->set_detail("by the recipient's script; no copy is stored");
      continue;
    }
    event->set_kind("stored");
    event->set_detail(fmt::format("in {} as UID {}", found->Text(row, 4), found->Int(row, 5)));
  }
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
