#include "services/mailbox/store/granting.h"
#include "services/mailbox/store/memory_store.h"

namespace pennypost::mailbox {

mail::Rights MemoryStore::Folder::RightsOf(const v1::Actor& actor) const {
  mail::Rights rights;
  for (int64_t grantee : {int64_t{0}, actor.account_id()}) {
    auto granted = grants.find(grantee);
    if (granted != grants.end() && granted->second.tenant_id == actor.tenant_id())
      rights = rights.With(granted->second.rights);
  }
  return rights;
}

absl::StatusOr<mail::Rights> MemoryStore::FindRights(int64_t account_id, int64_t mailbox_id,
                                                     const v1::Actor& actor) {
  std::lock_guard lock(mutex_);
  auto account = accounts_.find(account_id);
  Folder* folder = account == accounts_.end() ? nullptr : account->second.ById(mailbox_id);
  return folder == nullptr ? mail::Rights() : folder->RightsOf(actor);
}

absl::Status MemoryStore::ListGrants(const v1::ListGrantsRequest& request,
                                     v1::ListGrantsResponse* response) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  auto folder = account.folders.find(request.mailbox());
  if (folder == account.folders.end()) return NotFoundError("no such mailbox");
  for (const auto& [grantee, granted] : folder->second.grants) {
    auto* grant = response->add_grants();
    grant->set_account_id(grantee);
    grant->set_rights(granted.rights.ToString());
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::SetGrant(const v1::SetGrantRequest& request, mail::Rights rights) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  auto folder = account.folders.find(request.mailbox());
  if (folder == account.folders.end()) return NotFoundError("no such mailbox");
  auto& grants = folder->second.grants;
  int64_t grantee = request.grant().account_id();
  auto there = grants.find(grantee);
  mail::Rights before = there == grants.end() ? mail::Rights() : there->second.rights;
  mail::Rights after = AfterGrant(before, request.mode(), rights);
  if (after.empty()) {
    grants.erase(grantee);
    return absl::OkStatus();
  }
  if (there == grants.end() && grants.size() >= static_cast<size_t>(kMostGrants))
    return TooManyGrants();
  grants[grantee] = {request.tenant_id(), after};
  return absl::OkStatus();
}

absl::Status MemoryStore::ListShared(const v1::Actor& actor, v1::ListMailboxesResponse* response) {
  std::lock_guard lock(mutex_);
  for (const auto& [id, account] : accounts_) {
    if (id == actor.account_id()) continue;
    for (const auto& [name, folder] : account.folders) {
      mail::Rights rights = folder.RightsOf(actor);
      if (rights.empty()) continue;
      auto* shared = response->add_shared();
      shared->set_account_id(id);
      Describe(account, name, folder, shared->mutable_mailbox());
      shared->mutable_mailbox()->set_subscribed(false);
      shared->mutable_mailbox()->set_rights(rights.ToString());
    }
  }
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
