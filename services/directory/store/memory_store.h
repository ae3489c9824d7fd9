#pragma once
// The directory in memory, for tests.

#include <map>
#include <mutex>

#include "services/directory/store/store.h"

namespace pennypost::directory {

class MemoryStore : public Store {
 public:
  absl::StatusOr<std::optional<DomainRow>> FindDomain(const std::string& name) override;
  absl::StatusOr<std::vector<DomainRow>> ListDomains(const std::string& after, int limit) override;
  absl::Status InsertDomain(DomainRow& domain) override;
  absl::Status UpdateDomain(const DomainRow& domain) override;
  absl::Status DeleteDomain(const std::string& name) override;
  absl::StatusOr<std::optional<AccountRow>> FindAccount(const std::string& address) override;
  absl::StatusOr<std::optional<AccountRow>> FindAccountById(int64_t id) override;
  absl::StatusOr<std::vector<AccountRow>> ListAccounts(const std::string& domain,
                                                       const std::string& after,
                                                       int limit) override;
  absl::Status InsertAccount(const std::string& domain, AccountRow& account) override;
  absl::Status UpdateAccount(const AccountRow& account, bool credentials_too) override;
  absl::Status DeleteAccount(const std::string& address) override;
  absl::StatusOr<std::optional<AliasRow>> FindAlias(const std::string& address) override;
  absl::StatusOr<std::vector<AliasRow>> ListAliases(const std::string& domain,
                                                    const std::string& after, int limit) override;
  absl::Status InsertAlias(const std::string& domain, const AliasRow& alias) override;
  absl::Status DeleteAlias(const std::string& address) override;
  absl::Status InsertAppPassword(int64_t account_id, AppPasswordRow& row) override;
  absl::StatusOr<std::vector<AppPasswordRow>> ListAppPasswords(int64_t account_id) override;
  absl::Status TouchAppPassword(int64_t id, absl::Time used_at) override;
  absl::Status DeleteAppPassword(int64_t account_id, int64_t id) override;
  absl::StatusOr<int> CountFailures(const std::string& login, const std::string& network,
                                    absl::Time since) override;
  absl::StatusOr<int> AddFailure(const std::string& login, const std::string& network,
                                 absl::Time now, absl::Time since) override;
  absl::Status ClearFailures(const std::string& login, const std::string& network) override;
  absl::Status Health() const override { return down_; }

  // Every call fails with this until it is OK again.
  void SetDownForTest(absl::Status status) { down_ = std::move(status); }

 private:
  struct Failures {
    int count = 0;
    absl::Time first;
  };
  mutable std::mutex mutex_;
  absl::Status down_;
  int64_t next_id_ = 1;
  std::map<std::string, DomainRow> domains_;
  std::map<std::string, AccountRow> accounts_;
  std::map<std::string, AliasRow> aliases_;
  std::map<int64_t, std::map<int64_t, AppPasswordRow>> app_passwords_;
  std::map<std::pair<std::string, std::string>, Failures> failures_;
};

}  // namespace pennypost::directory
