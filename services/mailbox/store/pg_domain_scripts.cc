// Sieve scripts of domains. Every change takes the one lock of all of them and a step of their
// generation, which deliveries compare.

#include "mailbox_sql.h"
#include "services/mailbox/core/scripts.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

// The columns of list_domain_scripts and get_domain_script.
void ToScript(const pg::Result& r, int row, v1::Script* out) {
  out->set_name(r.Text(row, 0));
  out->set_size_bytes(static_cast<uint64_t>(r.Int(row, 1)));
  out->mutable_updated_at()->set_seconds(absl::ToUnixSeconds(r.Time(row, 2)));
}

absl::Status NoSuchScript() {
  return NotFoundError("there is no script of that name");
}

}  // namespace

absl::Status PgStore::ListDomainScripts(const std::string& domain,
                                        v1::ListScriptsResponse* response) {
  ASSIGN_OR_RETURN(pg::Result found, pool_.Run(sql::kListDomainScripts, pg::Params().Text(domain)));
  for (int row = 0; row < found.rows(); ++row) ToScript(found, row, response->add_scripts());
  return absl::OkStatus();
}

absl::Status PgStore::GetDomainScript(const v1::GetScriptRequest& request,
                                      v1::GetScriptResponse* response) {
  ASSIGN_OR_RETURN(
      pg::Result found,
      pool_.Run(sql::kGetDomainScript, pg::Params().Text(request.domain()).Text(request.name())));
  if (found.empty()) return NoSuchScript();
  ToScript(found, 0, response->mutable_script());
  response->set_content(found.Text(0, 3));
  return absl::OkStatus();
}

absl::Status PgStore::PutDomainScript(const v1::PutScriptRequest& request) {
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(connection.Run(sql::kBumpDomainScripts).status());
    pg::Params name;
    name.Text(request.domain()).Text(request.name());
    ASSIGN_OR_RETURN(pg::Result usage, connection.Run(sql::kDomainScriptsUsage, name));
    RETURN_IF_ERROR(mailbox::CheckScriptRoom(static_cast<uint64_t>(usage.Int(0, 0)),
                                             static_cast<uint64_t>(usage.Int(0, 1)),
                                             request.content().size()));
    pg::Params script;
    script.Text(request.domain())
        .Text(request.name())
        .Bytes(request.content())
        .Int(static_cast<int64_t>(request.content().size()));
    return connection.Run(sql::kPutDomainScript, script).status();
  });
}

absl::Status PgStore::DeleteDomainScript(const v1::DeleteScriptRequest& request) {
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(connection.Run(sql::kBumpDomainScripts).status());
    pg::Params name;
    name.Text(request.domain()).Text(request.name());
    ASSIGN_OR_RETURN(pg::Result gone, connection.Run(sql::kDeleteDomainScript, name));
    return gone.affected() == 0 ? NoSuchScript() : absl::OkStatus();
  });
}

absl::StatusOr<DomainScripts> PgStore::LoadDomainScripts(uint64_t known) {
  DomainScripts all;
  absl::Status status = pool_.With([&](pg::Connection& connection) -> absl::Status {
    all = {};
    // The generation first: what changes in between is at worst loaded again.
    ASSIGN_OR_RETURN(pg::Result generation, connection.Run(sql::kDomainScriptsGeneration));
    all.generation = static_cast<uint64_t>(generation.Int(0, 0));
    if (all.generation == known) return absl::OkStatus();
    ASSIGN_OR_RETURN(pg::Result found, connection.Run(sql::kAllDomainScripts));
    for (int row = 0; row < found.rows(); ++row)
      all.scripts.push_back({found.Text(row, 0), found.Text(row, 1), found.Text(row, 2)});
    return absl::OkStatus();
  });
  RETURN_IF_ERROR(status);
  return all;
}

}  // namespace pennypost::mailbox
