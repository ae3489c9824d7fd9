// New UIDVALIDITYs: for a mailbox that runs out of UIDs, and for all after a restored backup.

#include "mailbox_sql.h"
#include "services/mailbox/store/pg_delivery.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

constexpr int kMostMailboxes = 500;
constexpr int kMostAccounts = 1000;

// Its messages from 1 on, in the same order. Under another id as well: who has it open knows its
// messages by their old UIDs, and must not reach another message by one of them.
absl::Status RenumberMailbox(pg::Connection& connection, MailboxPlace place,
                             const std::string& name) {
  int64_t account = place.account_id;
  RETURN_IF_ERROR(connection.Run(sql::kHoldAccount, pg::Params().Int(account)).status());
  ASSIGN_OR_RETURN(pg::Result made,
                   connection.Run(sql::kRenumberAccount, pg::Params().Int(account)));
  if (made.empty()) return absl::OkStatus();  // deleted a moment ago
  int64_t id = made.Int(0, 0), modseq = made.Int(0, 1);
  pg::Params names, mailbox, messages, metadata;
  names.Int(account).Int(place.mailbox_id).Text(name);
  mailbox.Int(account).Int(place.mailbox_id).Int(id).Int(modseq).Int(made.Int(0, 2));
  messages.Int(account).Int(place.mailbox_id).Int(id).Int(modseq);
  metadata.Int(account).Int(place.mailbox_id).Int(id);
  return connection
      .RunAll({{&sql::kKeepMailboxName, &names},
               {&sql::kRenumberMailbox, &mailbox},
               {&sql::kRenumberMessages, &messages},
               {&sql::kRenumberMetadata, &metadata}})
      .status();
}

}  // namespace

absl::StatusOr<RenumberStep> PgStore::Renumber(MailboxPlace after) {
  RenumberStep step{after, /*at_end=*/true, 0};  // where another process has the turn
  pg::Params next;
  next.Int(after.account_id).Int(after.mailbox_id).Int(kMostMailboxes);
  auto taken = InTurn([&](pg::Connection& connection) -> absl::StatusOr<size_t> {
    step = {after, /*at_end=*/true, 0};
    ASSIGN_OR_RETURN(pg::Result list, connection.Run(sql::kNextMailboxes, next));
    step.at_end = list.rows() < kMostMailboxes;
    for (int row = 0; row < list.rows(); ++row) {
      step.last = {list.Int(row, 0), list.Int(row, 1)};
      if (list.Int(row, 2) <= kFewUidsLeft) continue;
      RETURN_IF_ERROR(RenumberMailbox(connection, step.last, list.Text(row, 3)));
      // One a transaction: all of its messages are rewritten.
      step.account_id = step.last.account_id;
      step.at_end = false;
      return size_t{1};
    }
    return size_t{0};
  });
  if (!taken.ok()) return taken.status();
  return step;
}

absl::Status PgStore::AfterRestore(const std::string& hold) {
  for (int64_t after = 0;;) {
    pg::Params page;
    page.Int(after).Int(kMostAccounts);
    int rows = 0;
    RETURN_IF_ERROR(pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
      ASSIGN_OR_RETURN(pg::Result renewed, connection.Run(sql::kRenewUidValidities, page));
      rows = renewed.rows();
      for (int row = 0; row < rows; ++row) after = std::max(after, renewed.Int(row, 0));
      return absl::OkStatus();
    }));
    if (rows < kMostAccounts) break;
  }
  pg::Params held;
  held.Bytes(hold);
  RETURN_IF_ERROR(pool_.Run(sql::kRenewLooseBlobs).status());
  return pool_.Run(sql::kHoldOutbox, held).status();
}

}  // namespace pennypost::mailbox
