// The look at all contents, and the retention of old messages.

#include "log/log.h"
#include "mailbox_sql.h"
#include "metrics/metrics.h"
#include "rpc/timestamp.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

constexpr int64_t kMostContents = 2000;  // in one step
constexpr int64_t kMostMailboxes = 100;  // the same

}  // namespace

absl::StatusOr<bool> PgStore::Check(const std::vector<Uuid>& blobs, Checked* checked) {
  auto result = pool_.Run(sql::kCheckBlobs, pg::Params().Ids(blobs));
  if (!result.ok()) {
    // The server's own checksum of a page, for instance. Its being away is something else.
    if (result.status().code() == absl::StatusCode::kInternal) return false;
    return result.status();
  }
  for (int row = 0; row < result->rows(); ++row) {
    bool intact = result->Bool(row, 1);
    if (!result->Bytes(row, 3).empty()) {
      auto content = GetOutside(result->Text(row, 3));
      if (!content.ok() && content.status().code() != absl::StatusCode::kDataLoss)
        return content.status();
      intact = content.ok() && Sha256(*content) == result->Bytes(row, 4);
    }
    (intact ? checked->intact : checked->corrupt).push_back(result->Id(row, 0));
    if (!result->Bool(row, 2)) checked->loose.push_back(result->Id(row, 0));
  }
  return true;
}

absl::Status PgStore::CheckAll(const std::vector<Uuid>& blobs, Checked* checked) {
  ASSIGN_OR_RETURN(bool readable, Check(blobs, checked));
  if (readable) return absl::OkStatus();
  for (const Uuid& blob : blobs) {
    ASSIGN_OR_RETURN(bool one, Check({blob}, checked));
    if (!one) checked->corrupt.push_back(blob);
  }
  return absl::OkStatus();
}

absl::StatusOr<ScrubStep> PgStore::Scrub(const ScrubPace& pace) {
  ScrubStep step;
  ASSIGN_OR_RETURN(pg::Result turn, pool_.Run(sql::kClaimScrub));
  if (turn.empty()) return step;
  pg::Params next;
  next.Id(turn.Id(0, 0)).Int(kMostContents);
  ASSIGN_OR_RETURN(pg::Result list, pool_.Run(sql::kNextBlobs, next));
  std::vector<Uuid> blobs;
  for (int row = 0; row < list.rows() && step.bytes < pace.most_bytes; ++row) {
    blobs.push_back(list.Id(row, 0));
    step.bytes += static_cast<uint64_t>(list.Int(row, 1));
  }
  step.contents = blobs.size();
  bool at_end = list.rows() < kMostContents && blobs.size() == static_cast<size_t>(list.rows());
  Checked checked;
  if (!blobs.empty()) RETURN_IF_ERROR(CheckAll(blobs, &checked));
  double seconds = static_cast<double>(step.bytes) / static_cast<double>(pace.bytes_per_second);
  pg::Params intact, corrupt, loose, finish;
  intact.Ids(checked.intact);
  corrupt.Ids(checked.corrupt);
  loose.Ids(checked.loose);
  if (at_end) {
    finish.Null().Int(absl::ToInt64Seconds(pace.round));
  } else {
    finish.Id(blobs.back()).Int(static_cast<int64_t>(seconds));
  }
  finish.Int(static_cast<int64_t>(step.contents)).Int(static_cast<int64_t>(step.bytes));
  absl::Status kept = pool_.InTransaction([&](pg::Connection& connection) {
    return connection
        .RunAll({{&sql::kForgetCorruptBlobs, &intact},
                 {&sql::kNoteCorruptBlobs, &corrupt},
                 {&sql::kLoosenBlobs, &loose},
                 {&sql::kFinishScrubStep, &finish}})
        .status();
  });
  if (!kept.ok()) return kept;
  for (const Uuid& blob : checked.corrupt) {
    log::Error("mailbox.content.corrupt", {{"blob", blob.ToString()}});
    CorruptCounter().Increment();
  }
  step.corrupt = std::move(checked.corrupt);
  return step;
}

absl::Status PgStore::GetScrub(v1::GetScrubResponse* response) {
  return pool_.With([&](pg::Connection& connection) -> absl::Status {
    response->Clear();
    ASSIGN_OR_RETURN(pg::Result state, connection.Run(sql::kScrubState));
    if (state.empty()) return absl::OkStatus();
    response->set_running(state.Bool(0, 0));
    if (!state.IsNull(0, 1)) rpc::SetTime(state.Time(0, 1), response->mutable_started_at());
    if (!state.IsNull(0, 2)) rpc::SetTime(state.Time(0, 2), response->mutable_finished_at());
    response->set_contents(static_cast<uint64_t>(state.Int(0, 3)));
    response->set_bytes(static_cast<uint64_t>(state.Int(0, 4)));
    rpc::SetTime(state.Time(0, 5), response->mutable_next_step_at());
    ASSIGN_OR_RETURN(pg::Result corrupt, connection.Run(sql::kCorruptContents));
    for (int row = 0; row < corrupt.rows(); ++row) {
      auto* content = response->add_corrupt();
      content->set_blob_id(corrupt.Id(row, 0).ToString());
      rpc::SetTime(corrupt.Time(row, 1), content->mutable_found_at());
      content->set_account_id(corrupt.Int(row, 2));
      if (!corrupt.IsNull(row, 3)) content->set_email_id(corrupt.Id(row, 3).ToString());
    }
    return absl::OkStatus();
  });
}

absl::Status PgStore::StartScrub() {
  return pool_.Run(sql::kStartScrub).status();
}

absl::StatusOr<RetainStep> PgStore::Retain(const std::string& special_use, absl::Duration age,
                                           MailboxPlace after, size_t limit) {
  RetainStep step{after, /*at_end=*/true, {}, 0};  // where another process has the turn
  pg::Params next;
  next.Int(after.account_id).Int(after.mailbox_id).Text(special_use).Int(kMostMailboxes);
  auto taken = InTurn([&](pg::Connection& connection) -> absl::StatusOr<size_t> {
    step = {after, /*at_end=*/true, {}, 0};
    ASSIGN_OR_RETURN(pg::Result list, connection.Run(sql::kNextMailboxesOfUse, next));
    step.at_end = list.rows() < kMostMailboxes;
    for (int row = 0; row < list.rows(); ++row) {
      MailboxPlace place{list.Int(row, 0), list.Int(row, 1)};
      auto room = static_cast<int64_t>(limit - step.messages);
      pg::Params old;
      old.Int(place.account_id).Int(place.mailbox_id).Int(absl::ToInt64Seconds(age)).Int(room);
      if (list.Int(row, 2) > 0) {
        // A look without the lock first: most often there is nothing.
        ASSIGN_OR_RETURN(pg::Result some, connection.Run(sql::kSelectOldMessages, old));
        if (!some.empty()) {
          ASSIGN_OR_RETURN(LockedAccount locked, LockAccount(connection, place.account_id));
          ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kSelectOldMessages, old));
          std::vector<Selected> gone = ToSelected(found);
          RETURN_IF_ERROR(Remove(connection, place.account_id, place.mailbox_id, locked.modseq,
                                 gone, Removal::kDeleted));
          step.messages += gone.size();
          step.accounts.push_back(place.account_id);
          if (found.rows() == room) {  // it may have more: from here again
            step.at_end = false;
            return step.messages;
          }
        }
      }
      step.last = place;
    }
    return step.messages;
  });
  if (!taken.ok()) return taken.status();
  return step;
}

}  // namespace pennypost::mailbox
