#include "services/directory/store/memory_store.h"

#include <absl/time/clock.h>

namespace pennypost::directory {
namespace {

std::string DomainOf(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

template <class Row>
std::optional<Row> Find(const std::map<std::string, Row>& rows, const std::string& key) {
  auto it = rows.find(key);
  if (it == rows.end()) return std::nullopt;
  return it->second;
}

template <class Row>
std::vector<Row> Page(const std::map<std::string, Row>& rows, const std::string& domain,
                      const std::string& after, int limit) {
  std::vector<Row> page;
  for (auto it = rows.upper_bound(after); it != rows.end() && static_cast<int>(page.size()) < limit;
       ++it) {
    if (domain.empty() || DomainOf(it->first) == domain) page.push_back(it->second);
  }
  return page;
}

}  // namespace

#define PP_LOCK_OR_RETURN()     \
  std::lock_guard lock(mutex_); \
  if (!down_.ok()) return down_

absl::StatusOr<std::optional<DomainRow>> MemoryStore::FindDomain(const std::string& name) {
  PP_LOCK_OR_RETURN();
  return Find(domains_, name);
}

absl::StatusOr<std::vector<DomainRow>> MemoryStore::ListDomains(const std::string& after,
                                                                int limit) {
  PP_LOCK_OR_RETURN();
  return Page(domains_, "", after, limit);
}

absl::Status MemoryStore::InsertDomain(DomainRow& domain) {
  PP_LOCK_OR_RETURN();
  if (domains_.contains(domain.name)) return ExistsError("it exists already");
  domain.id = next_id_++;
  domain.created_at = absl::Now();
  domains_[domain.name] = domain;
  return absl::OkStatus();
}

absl::Status MemoryStore::UpdateDomain(const DomainRow& domain) {
  PP_LOCK_OR_RETURN();
  auto it = domains_.find(domain.name);
  if (it == domains_.end()) return NotFoundError("no such domain");
  it->second.catch_all = domain.catch_all;
  it->second.enabled = domain.enabled;
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteDomain(const std::string& name) {
  PP_LOCK_OR_RETURN();
  if (!domains_.contains(name)) return NotFoundError("no such domain");
  bool used = false;
  for (const auto& [address, account] : accounts_) used = used || DomainOf(address) == name;
  for (const auto& [other, domain] : domains_) used = used || domain.alias_of == name;
  if (used) {
    return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kHasChildren,
                     "the domain still has accounts or alias domains");
  }
  domains_.erase(name);
  std::erase_if(aliases_, [&](const auto& entry) { return DomainOf(entry.first) == name; });
  return absl::OkStatus();
}

absl::StatusOr<std::optional<AccountRow>> MemoryStore::FindAccount(const std::string& address) {
  PP_LOCK_OR_RETURN();
  return Find(accounts_, address);
}

absl::StatusOr<std::optional<AccountRow>> MemoryStore::FindAccountById(int64_t id) {
  PP_LOCK_OR_RETURN();
  for (const auto& [address, account] : accounts_) {
    if (account.id == id) return std::optional<AccountRow>(account);
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<AccountRow>> MemoryStore::ListAccounts(const std::string& domain,
                                                                  const std::string& after,
                                                                  int limit) {
  PP_LOCK_OR_RETURN();
  return Page(accounts_, domain, after, limit);
}

absl::Status MemoryStore::InsertAccount(const std::string& domain, AccountRow& account) {
  PP_LOCK_OR_RETURN();
  if (!domains_.contains(domain)) return NotFoundError("no such domain");
  if (accounts_.contains(account.address) || aliases_.contains(account.address))
    return ExistsError("it exists already");
  account.id = next_id_++;
  account.created_at = absl::Now();
  accounts_[account.address] = account;
  return absl::OkStatus();
}

absl::Status MemoryStore::UpdateAccount(const AccountRow& account, bool credentials_too) {
  PP_LOCK_OR_RETURN();
  auto it = accounts_.find(account.address);
  if (it == accounts_.end() || it->second.id != account.id) return NotFoundError("no such account");
  Credentials before = it->second.credentials;
  it->second = account;
  if (!credentials_too) it->second.credentials = before;
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteAccount(const std::string& address) {
  PP_LOCK_OR_RETURN();
  auto it = accounts_.find(address);
  if (it == accounts_.end()) return NotFoundError("no such account");
  app_passwords_.erase(it->second.id);
  accounts_.erase(it);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<AliasRow>> MemoryStore::FindAlias(const std::string& address) {
  PP_LOCK_OR_RETURN();
  return Find(aliases_, address);
}

absl::StatusOr<std::vector<AliasRow>> MemoryStore::ListAliases(const std::string& domain,
                                                               const std::string& after,
                                                               int limit) {
  PP_LOCK_OR_RETURN();
  return Page(aliases_, domain, after, limit);
}

absl::Status MemoryStore::InsertAlias(const std::string& domain, const AliasRow& alias) {
  PP_LOCK_OR_RETURN();
  if (!domains_.contains(domain)) return NotFoundError("no such domain");
  if (accounts_.contains(alias.address) || aliases_.contains(alias.address))
    return ExistsError("it exists already");
  aliases_[alias.address] = alias;
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteAlias(const std::string& address) {
  PP_LOCK_OR_RETURN();
  return aliases_.erase(address) > 0 ? absl::OkStatus() : NotFoundError("no such alias");
}

absl::Status MemoryStore::InsertAppPassword(int64_t account_id, AppPasswordRow& row) {
  PP_LOCK_OR_RETURN();
  row.id = next_id_++;
  row.created_at = absl::Now();
  row.last_used_at = absl::InfinitePast();
  app_passwords_[account_id][row.id] = row;
  return absl::OkStatus();
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

absl::Status MemoryStore::DeleteAppPassword(int64_t account_id, int64_t id) {
  PP_LOCK_OR_RETURN();
  return app_passwords_[account_id].erase(id) > 0 ? absl::OkStatus()
                                                  : NotFoundError("no such app password");
}

absl::StatusOr<int> MemoryStore::CountFailures(const std::string& login, const std::string& network,
                                               absl::Time since) {
  PP_LOCK_OR_RETURN();
  auto it = failures_.find({login, network});
  return it == failures_.end() || it->second.first <= since ? 0 : it->second.count;
}

absl::StatusOr<int> MemoryStore::AddFailure(const std::string& login, const std::string& network,
                                            absl::Time now, absl::Time since) {
  PP_LOCK_OR_RETURN();
  Failures& entry = failures_[{login, network}];
  if (entry.count == 0 || entry.first <= since) entry = {0, now};
  return ++entry.count;
}

absl::Status MemoryStore::ClearFailures(const std::string& login, const std::string& network) {
  PP_LOCK_OR_RETURN();
  failures_.erase({login, network});
  return absl::OkStatus();
}

#undef PP_LOCK_OR_RETURN

}  // namespace pennypost::directory
