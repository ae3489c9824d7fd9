#pragma once
#include "pg/pool.h"
#include "services/directory/store/store.h"

namespace pennypost::directory {

class PgStore : public Store {
 public:
  PgStore(std::string dsn, size_t pool_size) : pool_(std::move(dsn), pool_size) {}

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
  absl::Status Health() const override { return pool_.Health(); }

 private:
  pg::Pool pool_;
};

}  // namespace pennypost::directory
