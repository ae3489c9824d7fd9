// Mailboxes: list, make, rename, delete, subscribe.

#include "mailbox_sql.h"
#include "services/mailbox/core/names.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

absl::StatusOr<bool> Exists(pg::Connection& connection, int64_t account_id,
                            const std::string& name) {
  ASSIGN_OR_RETURN(pg::Result found,
                   connection.Run(sql::kFindMailbox, pg::Params().Int(account_id).Text(name)));
  return !found.empty();
}

// Returns its id. Who may do something to the mailbox above may do the same to it (RFC 4314 4).
absl::StatusOr<int64_t> Make(pg::Connection& connection, int64_t account_id,
                             const std::string& name, const std::string& use) {
  ASSIGN_OR_RETURN(
      pg::Result made,
      connection.Run(sql::kInsertMailbox, pg::Params().Int(account_id).Text(name).Text(use)));
  int64_t id = made.Int(0, 0);
  std::string parent = ParentOf(name);
  if (parent.empty()) return id;
  pg::Params inherit;
  inherit.Int(account_id).Int(id).Text(parent);
  RETURN_IF_ERROR(connection.Run(sql::kInheritRights, inherit).status());
  return id;
}

// The levels above a new mailbox that do not exist yet (RFC 9051 6.3.4).
absl::Status MakeParents(pg::Connection& connection, int64_t account_id, const std::string& name) {
  std::vector<std::string> missing;
  for (std::string parent = ParentOf(name); !parent.empty(); parent = ParentOf(parent)) {
    ASSIGN_OR_RETURN(bool exists, Exists(connection, account_id, parent));
    if (exists) break;
    missing.push_back(parent);
  }
  for (auto parent = missing.rbegin(); parent != missing.rend(); ++parent) {
    RETURN_IF_ERROR(Make(connection, account_id, *parent, "").status());
  }
  return absl::OkStatus();
}

absl::Status AlreadyThere() {
  return ExistsError("the mailbox exists already");
}

}  // namespace

absl::StatusOr<int64_t> EnsureMailbox(pg::Connection& connection, int64_t account_id,
                                      const std::string& name) {
  ASSIGN_OR_RETURN(pg::Result found,
                   connection.Run(sql::kFindMailbox, pg::Params().Int(account_id).Text(name)));
  if (!found.empty()) return found.Int(0, 0);
  RETURN_IF_ERROR(MakeParents(connection, account_id, name));
  return Make(connection, account_id, name, "");
}

absl::Status PgStore::ListMailboxes(const v1::ListMailboxesRequest& request,
                                    v1::ListMailboxesResponse* response) {
  if (!request.name().empty())
    return FindMailbox(request.account_id(), request.name(), response->add_mailboxes());
  return pool_.With([&](pg::Connection& connection) -> absl::Status {
    response->Clear();
    pg::Params account;
    account.Int(request.account_id());
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kListMailboxes, account));
    for (int row = 0; row < found.rows(); ++row) ToMailbox(found, row, response->add_mailboxes());
    ASSIGN_OR_RETURN(pg::Result stale, connection.Run(sql::kListStaleSubscriptions, account));
    for (int row = 0; row < stale.rows(); ++row)
      response->add_stale_subscriptions(stale.Text(row, 0));
    return absl::OkStatus();
  });
}

absl::Status PgStore::FindMailbox(int64_t account_id, const std::string& name,
                                  v1::Mailbox* mailbox) {
  ASSIGN_OR_RETURN(pg::Result found,
                   pool_.Run(sql::kFindMailbox, pg::Params().Int(account_id).Text(name)));
  if (found.empty()) return NoSuchMailbox();
  ToMailbox(found, 0, mailbox);
  return absl::OkStatus();
}

absl::Status PgStore::CreateMailbox(const v1::CreateMailboxRequest& request, v1::Mailbox* mailbox) {
  absl::Status status = pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(
        connection.Run(sql::kLockAccount, pg::Params().Int(request.account_id())).status());
    ASSIGN_OR_RETURN(bool exists, Exists(connection, request.account_id(), request.name()));
    if (exists) return AlreadyThere();
    RETURN_IF_ERROR(MakeParents(connection, request.account_id(), request.name()));
    return Make(connection, request.account_id(), request.name(), request.special_use()).status();
  });
  RETURN_IF_ERROR(status);
  return FindMailbox(request.account_id(), request.name(), mailbox);
}

absl::Status PgStore::RenameMailbox(const v1::RenameMailboxRequest& request) {
  int64_t account = request.account_id();
  if (request.to() == request.from() || request.to().starts_with(request.from() + "/")) {
    return SyntaxError("a mailbox cannot be moved below itself");
  }
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(connection.Run(sql::kLockAccount, pg::Params().Int(account)).status());
    ASSIGN_OR_RETURN(bool exists, Exists(connection, account, request.from()));
    if (!exists) return NoSuchMailbox();
    ASSIGN_OR_RETURN(bool taken, Exists(connection, account, request.to()));
    if (taken) return AlreadyThere();
    RETURN_IF_ERROR(MakeParents(connection, account, request.to()));
    pg::Params names;
    names.Int(account).Text(request.from()).Text(request.to());
    RETURN_IF_ERROR(connection.Run(sql::kRenameMailboxes, names).status());
    return connection.Run(sql::kRenameSubscriptions, names).status();
  });
}

absl::Status PgStore::DeleteMailbox(const v1::DeleteMailboxRequest& request) {
  int64_t account = request.account_id();
  v1::Mailbox mailbox;
  RETURN_IF_ERROR(FindMailbox(account, request.name(), &mailbox));
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(LockedAccount locked, LockAccount(connection, account));
    ASSIGN_OR_RETURN(
        pg::Result child,
        connection.Run(sql::kHasChildren, pg::Params().Int(account).Text(request.name())));
    if (!child.empty()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kHasChildren,
                       "the mailbox has children");
    }
    pg::Params place;
    place.Int(account).Int(mailbox.id());
    ASSIGN_OR_RETURN(pg::Result messages, connection.Run(sql::kSelectAllMessages, place));
    GoneMessages gone;
    int64_t bytes = 0;
    for (int row = 0; row < messages.rows(); ++row) {
      gone.uids.push_back(messages.Int(row, 0));
      bytes += messages.Int(row, 2);
      gone.dates.push_back(messages.Time(row, 3));
      gone.flags.push_back(messages.Text(row, 4));
      gone.emails.push_back(messages.Id(row, 5));
    }
    RETURN_IF_ERROR(
        connection
            .Run(sql::kDeleteMessages, pg::Params().Int(account).Int(mailbox.id()).Ints(gone.uids))
            .status());
    RETURN_IF_ERROR(RecordDeleted(connection, account, mailbox.id(), locked.modseq, gone));
    pg::Params named;
    named.Int(account).Int(mailbox.id()).Text(request.name());
    RETURN_IF_ERROR(connection.Run(sql::kKeepMailboxName, named).status());
    auto count = static_cast<int64_t>(gone.uids.size());
    RETURN_IF_ERROR(
        connection.Run(sql::kAdjustAccount, pg::Params().Int(account).Int(-bytes).Int(-count))
            .status());
    RETURN_IF_ERROR(connection.Run(sql::kDeleteMailboxMetadata, place).status());
    return connection.Run(sql::kDeleteMailbox, place).status();
  });
}

absl::Status PgStore::Subscribe(const v1::SubscribeRequest& request) {
  const pg::Statement& statement = request.subscribed() ? sql::kSubscribe : sql::kUnsubscribe;
  return pool_.Run(statement, pg::Params().Int(request.account_id()).Text(request.name())).status();
}

}  // namespace pennypost::mailbox
