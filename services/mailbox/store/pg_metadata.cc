// Annotations of mailboxes.

#include "mailbox_sql.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

// 0 for the account itself.
absl::StatusOr<int64_t> MailboxId(pg::Connection& connection, int64_t account,
                                  const std::string& name) {
  if (name.empty()) return 0;
  return FindMailboxId(connection, account, name);
}

}  // namespace

absl::Status PgStore::GetMetadata(const v1::GetMetadataRequest& request,
                                  v1::GetMetadataResponse* response) {
  return pool_.With([&](pg::Connection& connection) -> absl::Status {
    response->Clear();
    int64_t account = request.account_id();
    ASSIGN_OR_RETURN(int64_t mailbox, MailboxId(connection, account, request.mailbox()));
    ASSIGN_OR_RETURN(pg::Result list,
                     connection.Run(sql::kListMetadata, pg::Params().Int(account).Int(mailbox)));
    for (int row = 0; row < list.rows(); ++row) {
      auto* entry = response->add_entries();
      entry->set_name(list.Text(row, 0));
      entry->set_value(std::string(list.Bytes(row, 1)));
    }
    return absl::OkStatus();
  });
}

absl::Status PgStore::SetMetadata(const v1::SetMetadataRequest& request) {
  std::vector<std::string> set, removed;
  std::vector<std::string_view> values;
  for (const auto& entry : request.entries()) {
    if (!entry.has_value()) {
      removed.push_back(entry.name());
      continue;
    }
    set.push_back(entry.name());
    values.push_back(entry.value());
  }
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    int64_t account = request.account_id();
    // Two that set at once must not both be the hundredth.
    RETURN_IF_ERROR(connection.Run(sql::kLockAccount, pg::Params().Int(account)).status());
    ASSIGN_OR_RETURN(int64_t mailbox, MailboxId(connection, account, request.mailbox()));
    pg::Params remove, insert, place;
    remove.Int(account).Int(mailbox).Texts(removed);
    insert.Int(account).Int(mailbox).Texts(set).ByteArrays(values);
    place.Int(account).Int(mailbox);
    ASSIGN_OR_RETURN(auto results, connection.RunAll({{&sql::kDeleteMetadata, &remove},
                                                      {&sql::kSetMetadata, &insert},
                                                      {&sql::kCountMetadata, &place}}));
    if (results[2].Int(0, 0) <= kMostMetadata) return absl::OkStatus();
    return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota, "too many entries");
  });
}

}  // namespace pennypost::mailbox
