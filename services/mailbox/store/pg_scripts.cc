// Sieve scripts. Every change takes the account's lock and a step of its MODSEQ, and leaves the
// generation that deliveries compare.

#include "mailbox_sql.h"
#include "services/mailbox/core/scripts.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

absl::Status NoSuchScript() {
  return NotFoundError("there is no script of that name");
}

// The columns of list_scripts and get_script.
void ToScript(const pg::Result& r, int row, v1::Script* out) {
  out->set_name(r.Text(row, 0));
  out->set_size_bytes(static_cast<uint64_t>(r.Int(row, 1)));
  out->set_active(r.Bool(row, 2));
  out->set_modseq(static_cast<uint64_t>(r.Int(row, 3)));
  out->mutable_updated_at()->set_seconds(absl::ToUnixSeconds(r.Time(row, 4)));
}

absl::Status RoomFor(pg::Connection& connection, int64_t account_id, const std::string& name,
                     uint64_t size) {
  ASSIGN_OR_RETURN(pg::Result usage,
                   connection.Run(sql::kScriptsUsage, pg::Params().Int(account_id).Text(name)));
  return CheckScriptRoom(static_cast<uint64_t>(usage.Int(0, 0)),
                         static_cast<uint64_t>(usage.Int(0, 1)), size);
}

// Runs `change` with the account locked and the MODSEQ of the change.
absl::Status ChangeScripts(
    pg::Pool& pool, int64_t account_id,
    const std::function<absl::Status(pg::Connection&, int64_t modseq)>& change) {
  return pool.InTransaction([&](pg::Connection& connection) -> absl::Status {
    pg::Params account;
    account.Int(account_id);
    ASSIGN_OR_RETURN(pg::Result locked, connection.Run(sql::kLockAccount, account));
    if (locked.empty()) return NoSuchScript();
    RETURN_IF_ERROR(change(connection, locked.Int(0, 0)));
    return connection.Run(sql::kSetSieveGeneration, account).status();
  });
}

absl::StatusOr<pg::Result> Find(pg::Connection& connection, int64_t account_id,
                                const std::string& name) {
  return connection.Run(sql::kGetScript, pg::Params().Int(account_id).Text(name));
}

}  // namespace

absl::Status PgStore::ListScripts(int64_t account_id, v1::ListScriptsResponse* response) {
  ASSIGN_OR_RETURN(pg::Result found, pool_.Run(sql::kListScripts, pg::Params().Int(account_id)));
  for (int row = 0; row < found.rows(); ++row) ToScript(found, row, response->add_scripts());
  return absl::OkStatus();
}

absl::Status PgStore::GetScript(const v1::GetScriptRequest& request,
                                v1::GetScriptResponse* response) {
  ASSIGN_OR_RETURN(
      pg::Result found,
      pool_.Run(sql::kGetScript, pg::Params().Int(request.account_id()).Text(request.name())));
  if (found.empty()) return NoSuchScript();
  ToScript(found, 0, response->mutable_script());
  response->set_content(found.Text(0, 5));
  return absl::OkStatus();
}

absl::StatusOr<ActiveScript> PgStore::GetActiveScript(int64_t account_id) {
  ASSIGN_OR_RETURN(pg::Result found,
                   pool_.Run(sql::kGetActiveScript, pg::Params().Int(account_id)));
  if (found.empty()) return ActiveScript{};
  return ActiveScript{static_cast<uint64_t>(found.Int(0, 0)), found.Text(0, 1), found.Text(0, 2)};
}

absl::Status PgStore::CheckScriptRoom(const v1::CheckScriptRoomRequest& request) {
  return pool_.With([&](pg::Connection& connection) {
    return RoomFor(connection, request.account_id(), request.name(), request.size_bytes());
  });
}

absl::Status PgStore::PutScript(const v1::PutScriptRequest& request) {
  auto put = [&](pg::Connection& connection, int64_t modseq) -> absl::Status {
    RETURN_IF_ERROR(
        RoomFor(connection, request.account_id(), request.name(), request.content().size()));
    pg::Params script;
    script.Int(request.account_id())
        .Text(request.name())
        .Bytes(request.content())
        .Int(static_cast<int64_t>(request.content().size()))
        .Int(modseq);
    return connection.Run(sql::kPutScript, script).status();
  };
  return ChangeScripts(pool_, request.account_id(), put);
}

absl::Status PgStore::SetActiveScript(const v1::SetActiveScriptRequest& request) {
  auto activate = [&](pg::Connection& connection, int64_t modseq) -> absl::Status {
    pg::Params script;
    script.Int(request.account_id()).Text(request.name()).Int(modseq);
    // First off, then on: at no time two.
    RETURN_IF_ERROR(connection.Run(sql::kDeactivateScripts, script).status());
    if (request.name().empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(pg::Result on, connection.Run(sql::kActivateScript, script));
    return on.affected() == 0 ? NoSuchScript() : absl::OkStatus();
  };
  return ChangeScripts(pool_, request.account_id(), activate);
}

absl::Status PgStore::DeleteScript(const v1::DeleteScriptRequest& request) {
  auto remove = [&](pg::Connection& connection, int64_t) -> absl::Status {
    ASSIGN_OR_RETURN(pg::Result found, Find(connection, request.account_id(), request.name()));
    if (found.empty()) return NoSuchScript();
    if (found.Bool(0, 2)) return ScriptIsActive();
    pg::Params script;
    script.Int(request.account_id()).Text(request.name());
    return connection.Run(sql::kDeleteScript, script).status();
  };
  return ChangeScripts(pool_, request.account_id(), remove);
}

absl::Status PgStore::RenameScript(const v1::RenameScriptRequest& request) {
  auto rename = [&](pg::Connection& connection, int64_t modseq) -> absl::Status {
    ASSIGN_OR_RETURN(pg::Result found, Find(connection, request.account_id(), request.from()));
    if (found.empty()) return NoSuchScript();
    if (request.to() == request.from()) return absl::OkStatus();
    ASSIGN_OR_RETURN(pg::Result taken, Find(connection, request.account_id(), request.to()));
    if (!taken.empty()) return ExistsError("there is a script of that name already");
    pg::Params names;
    names.Int(request.account_id()).Text(request.from()).Text(request.to()).Int(modseq);
    return connection.Run(sql::kRenameScript, names).status();
  };
  return ChangeScripts(pool_, request.account_id(), rename);
}

absl::StatusOr<bool> PgStore::IsRemembered(int64_t account_id, const std::string& id) {
  pg::Params params;
  params.Int(account_id).Bytes(id);
  ASSIGN_OR_RETURN(pg::Result found, pool_.Run(sql::kIsRemembered, params));
  return !found.empty();
}

absl::StatusOr<std::vector<OutboxItem>> PgStore::ClaimOutbox(size_t limit) {
  ASSIGN_OR_RETURN(pg::Result claimed,
                   pool_.Run(sql::kClaimOutbox, pg::Params().Int(static_cast<int64_t>(limit))));
  std::vector<OutboxItem> due;
  for (int row = 0; row < claimed.rows(); ++row) {
    due.push_back(
        {claimed.Int(row, 0), claimed.Id(row, 1), claimed.Text(row, 2), claimed.Int(row, 3)});
  }
  return due;
}

absl::Status PgStore::FinishOutbox(const OutboxItem& item) {
  return pool_.Run(sql::kFinishOutbox, pg::Params().Int(item.account_id).Id(item.id)).status();
}

absl::Status PgStore::PruneRemembered() {
  return pool_.Run(sql::kPruneRemembered).status();
}

}  // namespace pennypost::mailbox
