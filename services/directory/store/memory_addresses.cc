// Aliases and groups.

#include <absl/time/clock.h>

#include <algorithm>

#include "services/directory/store/limits.h"
#include "services/directory/store/memory_rows.h"
#include "services/directory/store/memory_store.h"

namespace pennypost::directory {
namespace {

void AddSorted(std::vector<std::string>& members, const std::vector<std::string>& add) {
  members.insert(members.end(), add.begin(), add.end());
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
}

}  // namespace

absl::StatusOr<std::optional<ExpansionRow>> MemoryStore::FindExpansion(const std::string& address) {
  PP_LOCK_OR_RETURN();
  std::string domain = DomainOfAddress(address);
  auto alias = aliases_.find(address);
  if (alias != aliases_.end()) {
    const AliasRow& row = alias->second;
    return std::optional<ExpansionRow>(
        {address, row.targets, row.send_as, "", domains_[domain].tenant_id, domain});
  }
  auto group = groups_.find(address);
  if (group == groups_.end()) return std::nullopt;
  const GroupRow& row = group->second;
  return std::optional<ExpansionRow>(
      {address, row.members, row.send_as, row.posting, domains_[domain].tenant_id, domain});
}

absl::StatusOr<std::vector<AliasRow>> MemoryStore::ListAliases(const Scope& scope,
                                                               const std::string& after,
                                                               int limit) {
  PP_LOCK_OR_RETURN();
  return Page(aliases_, after, limit,
              [&](const AliasRow& row) { return InScope(DomainOfAddress(row.address), scope); });
}

absl::Status MemoryStore::InsertAlias(const std::string& domain, const AliasRow& alias,
                                      const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  RETURN_IF_ERROR(CheckFree(alias.address));
  if (!domains_.contains(domain)) return NotFoundError("no such domain");
  aliases_[alias.address] = alias;
  return Done(audit);
}

absl::Status MemoryStore::DeleteAlias(const std::string& address, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  if (aliases_.erase(address) == 0) return NotFoundError("no such alias");
  return Done(audit);
}

absl::StatusOr<std::optional<GroupRow>> MemoryStore::FindGroup(const std::string& address) {
  PP_LOCK_OR_RETURN();
  return FindRow(groups_, address);
}

absl::StatusOr<std::vector<GroupRow>> MemoryStore::ListGroups(const Scope& scope,
                                                              const std::string& after, int limit) {
  PP_LOCK_OR_RETURN();
  return Page(groups_, after, limit,
              [&](const GroupRow& row) { return InScope(DomainOfAddress(row.address), scope); });
}

absl::Status MemoryStore::InsertGroup(const std::string& domain, GroupRow& group,
                                      const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  RETURN_IF_ERROR(CheckFree(group.address));
  if (!domains_.contains(domain)) return NotFoundError("no such domain");
  GroupRow row = group;
  row.members.clear();
  AddSorted(row.members, group.members);
  RETURN_IF_ERROR(CheckMemberCount(static_cast<int64_t>(row.members.size())));
  row.id = group.id = next_id_++;
  row.created_at = group.created_at = absl::Now();
  groups_[row.address] = row;
  return Done(audit);
}

absl::Status MemoryStore::UpdateGroup(const GroupRow& group, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  auto it = groups_.find(group.address);
  if (it == groups_.end()) return NotFoundError("no such group");
  it->second.display_name = group.display_name;
  it->second.posting = group.posting;
  it->second.send_as = group.send_as;
  return Done(audit);
}

absl::Status MemoryStore::ChangeMembers(int64_t group_id, const std::vector<std::string>& add,
                                        const std::vector<std::string>& remove,
                                        const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  auto it = std::find_if(groups_.begin(), groups_.end(),
                         [&](const auto& entry) { return entry.second.id == group_id; });
  if (it == groups_.end()) return NotFoundError("no such group");
  std::vector<std::string> members = it->second.members;
  for (const std::string& member : remove) {
    if (std::erase(members, member) == 0) return NotFoundError("not a member of the group");
  }
  AddSorted(members, add);
  RETURN_IF_ERROR(CheckMemberCount(static_cast<int64_t>(members.size())));
  it->second.members = std::move(members);
  return Done(audit);
}

absl::Status MemoryStore::DeleteGroup(const std::string& address, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  if (groups_.erase(address) == 0) return NotFoundError("no such group");
  return Done(audit);
}

}  // namespace pennypost::directory
