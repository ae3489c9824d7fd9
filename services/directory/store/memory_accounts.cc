// Accounts, app passwords, attempts to log in.

#include <absl/time/clock.h>

#include "services/directory/store/memory_rows.h"
#include "services/directory/store/memory_store.h"

namespace pennypost::directory {

absl::StatusOr<std::optional<AccountRow>> MemoryStore::FindAccount(const std::string& address) {
  PP_LOCK_OR_RETURN();
  auto found = FindRow(accounts_, address);
  if (found) found = Filled(*found);
  return found;
}

absl::StatusOr<std::optional<AccountRow>> MemoryStore::FindAccountById(int64_t id) {
  PP_LOCK_OR_RETURN();
  for (const auto& [address, account] : accounts_) {
    if (account.id == id) return std::optional<AccountRow>(Filled(account));
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<AccountRow>> MemoryStore::ListAccounts(const Scope& scope,
                                                                  const std::string& after,
                                                                  int limit) {
  PP_LOCK_OR_RETURN();
  auto page = Page(accounts_, after, limit, [&](const AccountRow& row) {
    return InScope(DomainOfAddress(row.address), scope);
  });
  for (AccountRow& row : page) row = Filled(row);
  return page;
}

absl::Status MemoryStore::InsertAccount(const std::string& domain, AccountRow& account,
                                        const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  RETURN_IF_ERROR(CheckFree(account.address));
  auto where = domains_.find(domain);
  if (where == domains_.end()) return NotFoundError("no such domain");
  RETURN_IF_ERROR(CheckRoom(where->second.tenant_id, 0, 1));
  account.id = next_id_++;
  account.created_at = absl::Now();
  accounts_[account.address] = account;
  return Done(audit);
}

absl::Status MemoryStore::UpdateAccount(const AccountRow& account, bool credentials_too,
                                        const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  auto it = accounts_.find(account.address);
  if (it == accounts_.end() || it->second.id != account.id) return NotFoundError("no such account");
  Credentials before = it->second.credentials;
  it->second = account;
  if (!credentials_too) it->second.credentials = before;
  return Done(audit);
}

absl::Status MemoryStore::DeleteAccount(const std::string& address, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  auto it = accounts_.find(address);
  if (it == accounts_.end()) return NotFoundError("no such account");
  app_passwords_.erase(it->second.id);
  accounts_.erase(it);
  for (auto& [name, group] : groups_) std::erase(group.members, address);
  return Done(audit);
}

absl::Status MemoryStore::InsertAppPassword(int64_t account_id, AppPasswordRow& row,
                                            const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  row.id = next_id_++;
  row.created_at = absl::Now();
  row.last_used_at = absl::InfinitePast();
  app_passwords_[account_id][row.id] = row;
  return Done(audit);
}

absl::StatusOr<std::vector<AppPasswordRow>> MemoryStore::ListAppPasswords(int64_t account_id) {
  PP_LOCK_OR_RETURN();
  std::vector<AppPasswordRow> rows;
  for (const auto& [id, row] : app_passwords_[account_id]) rows.push_back(row);
  return rows;
}

absl::Status MemoryStore::TouchAppPassword(int64_t id, absl::Time used_at) {
  PP_LOCK_OR_RETURN();
  for (auto& [account, rows] : app_passwords_) {
    if (auto it = rows.find(id); it != rows.end()) it->second.last_used_at = used_at;
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteAppPassword(int64_t account_id, int64_t id, const AuditRow& audit) {
  PP_LOCK_OR_RETURN();
  if (app_passwords_[account_id].erase(id) == 0) return NotFoundError("no such app password");
  return Done(audit);
}

int MemoryStore::Count(const Pair& key, absl::Time now, absl::Time since) {
  Failures& entry = failures_[key];
  if (entry.count == 0 || entry.first <= since) entry = {0, now};
  return ++entry.count;
}

void MemoryStore::Uncount(const Pair& key) {
  auto it = failures_.find(key);
  if (it != failures_.end() && it->second.count > 0) --it->second.count;
}

absl::StatusOr<AttemptCounts> MemoryStore::ReserveAttempt(const AttemptKeys& keys,
                                                          const AttemptLimits& limits,
                                                          absl::Time now) {
  PP_LOCK_OR_RETURN();
  auto known = [&](const std::string& network) {
    auto it = known_.find({keys.login, network});
    return it != known_.end() && it->second > limits.known_since;
  };
  AttemptCounts counts;
  counts.of_pair = Count({keys.login, keys.address}, now, limits.pair_since);
  if (counts.of_pair > limits.of_pair) return counts;
  if (!known(keys.address)) {
    counts.of_network = Count({"", keys.network}, now, limits.since);
    if (counts.of_network > limits.of_network) return counts;
  }
  if (!known(keys.network)) counts.of_login = Count({keys.login, ""}, now, limits.since);
  return counts;
}

absl::Status MemoryStore::SettleAttempt(const AttemptKeys& keys, const AttemptCounts& counted,
                                        AttemptEnd end, absl::Time now) {
  PP_LOCK_OR_RETURN();
  Uncount({keys.login, keys.address});
  if (counted.of_network > 0) Uncount({"", keys.network});
  if (counted.of_login > 0) Uncount({keys.login, ""});
  if (end == AttemptEnd::kSuccess) {
    known_[{keys.login, keys.address}] = now;
    known_[{keys.login, keys.network}] = now;
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::PurgeAttempts(absl::Time failures_before, absl::Time clients_before) {
  PP_LOCK_OR_RETURN();
  std::erase_if(failures_, [&](const auto& e) { return e.second.first < failures_before; });
  std::erase_if(known_, [&](const auto& e) { return e.second < clients_before; });
  return absl::OkStatus();
}

}  // namespace pennypost::directory
