#include "services/mailbox/store/memory_store.h"

namespace pennypost::mailbox {

absl::Status MemoryStore::GetMetadata(const v1::GetMetadataRequest& request,
                                      v1::GetMetadataResponse* response) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  auto folder = account.folders.find(request.mailbox());
  bool server = request.mailbox().empty();
  if (!server && folder == account.folders.end()) return NotFoundError("no such mailbox");
  for (const auto& [name, value] : server ? account.metadata : folder->second.metadata) {
    auto* entry = response->add_entries();
    entry->set_name(name);
    entry->set_value(value);
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::SetMetadata(const v1::SetMetadataRequest& request) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  auto folder = account.folders.find(request.mailbox());
  bool server = request.mailbox().empty();
  if (!server && folder == account.folders.end()) return NotFoundError("no such mailbox");
  auto& target = server ? account.metadata : folder->second.metadata;
  auto changed = target;
  for (const auto& entry : request.entries()) {
    changed.erase(entry.name());
    if (entry.has_value()) changed[entry.name()] = entry.value();
  }
  if (changed.size() > static_cast<size_t>(kMostMetadata))
    return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota, "too many entries");
  target = std::move(changed);
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
