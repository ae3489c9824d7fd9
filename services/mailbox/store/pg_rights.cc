// Who else may do what to a mailbox.

#include "mailbox_sql.h"
#include "services/mailbox/store/granting.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

mail::Rights ToRights(const std::string& letters) {
  return mail::Rights::Parse(letters).value_or(mail::Rights());
}

}  // namespace

absl::StatusOr<mail::Rights> PgStore::FindRights(int64_t account_id, int64_t mailbox_id,
                                                 const v1::Actor& actor) {
  pg::Params params;
  params.Int(account_id).Int(mailbox_id).Int(actor.account_id()).Int(actor.tenant_id());
  ASSIGN_OR_RETURN(pg::Result found, pool_.Run(sql::kFindRights, params));
  mail::Rights rights;
  for (int row = 0; row < found.rows(); ++row) rights = rights.With(ToRights(found.Text(row, 0)));
  return rights;
}

absl::Status PgStore::ListGrants(const v1::ListGrantsRequest& request,
                                 v1::ListGrantsResponse* response) {
  return pool_.With([&](pg::Connection& connection) -> absl::Status {
    response->Clear();
    int64_t account = request.account_id();
    ASSIGN_OR_RETURN(int64_t mailbox, FindMailboxId(connection, account, request.mailbox()));
    ASSIGN_OR_RETURN(pg::Result list,
                     connection.Run(sql::kListRights, pg::Params().Int(account).Int(mailbox)));
    for (int row = 0; row < list.rows(); ++row) {
      auto* grant = response->add_grants();
      grant->set_account_id(list.Int(row, 0));
      grant->set_rights(list.Text(row, 1));
    }
    return absl::OkStatus();
  });
}

absl::Status PgStore::SetGrant(const v1::SetGrantRequest& request, mail::Rights rights) {
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    int64_t account = request.account_id(), grantee = request.grant().account_id();
    // Two that add at once must not lose one of them.
    RETURN_IF_ERROR(connection.Run(sql::kLockAccount, pg::Params().Int(account)).status());
    ASSIGN_OR_RETURN(int64_t mailbox, FindMailboxId(connection, account, request.mailbox()));
    ASSIGN_OR_RETURN(pg::Result list,
                     connection.Run(sql::kListRights, pg::Params().Int(account).Int(mailbox)));
    mail::Rights before;
    bool there = false;
    for (int row = 0; row < list.rows(); ++row) {
      if (list.Int(row, 0) != grantee) continue;
      before = ToRights(list.Text(row, 1));
      there = true;
    }
    mail::Rights after = AfterGrant(before, request.mode(), rights);
    if (after.empty()) {
      pg::Params gone;
      gone.Int(account).Int(mailbox).Int(grantee);
      return connection.Run(sql::kRemoveRights, gone).status();
    }
    if (!there && list.rows() >= kMostGrants) return TooManyGrants();
    pg::Params set;
    set.Int(account).Int(mailbox).Int(grantee).Int(request.tenant_id()).Text(after.ToString());
    return connection.Run(sql::kSetRights, set).status();
  });
}

absl::Status PgStore::ListShared(const v1::Actor& actor, v1::ListMailboxesResponse* response) {
  pg::Params params;
  params.Int(actor.account_id()).Int(actor.tenant_id()).Int(kMostShared);
  ASSIGN_OR_RETURN(pg::Result found, pool_.Run(sql::kListShared, params));
  for (int row = 0; row < found.rows(); ++row) {
    auto* shared = response->add_shared();
    ToMailbox(found, row, shared->mutable_mailbox());
    shared->set_account_id(found.Int(row, 11));
    shared->mutable_mailbox()->set_rights(ToRights(found.Text(row, 12)).ToString());
  }
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
