#pragma once
#include <functional>

#include "pg/pool.h"
#include "services/directory/store/store.h"

namespace pennypost::directory {

class PgStore : public Store {
 public:
  PgStore(std::string dsn, size_t pool_size) : pool_(std::move(dsn), pool_size) {}

  absl::StatusOr<std::optional<TenantRow>> FindTenant(const std::string& name) override;
  absl::StatusOr<std::vector<TenantRow>> ListTenants(int64_t only, const std::string& after,
                                                     int limit) override;
  absl::Status InsertTenant(TenantRow& tenant, const AuditRow& audit) override;
  absl::Status UpdateTenant(const TenantRow& tenant, const AuditRow& audit) override;
  absl::Status DeleteTenant(const std::string& name, const AuditRow& audit) override;

  absl::StatusOr<std::optional<DomainRow>> FindDomain(const std::string& name) override;
  absl::StatusOr<std::vector<KeyRow>> ListKeys(int64_t domain_id) override;
  absl::StatusOr<std::vector<DomainRow>> ListDomains(const Scope& scope, const std::string& after,
                                                     int limit) override;
  absl::Status InsertDomain(DomainRow& domain, const AuditRow& audit) override;
  absl::Status UpdateDomain(const DomainRow& domain, const AuditRow& audit) override;
  absl::Status MoveDomain(const std::string& name, int64_t tenant_id,
                          const AuditRow& audit) override;
  absl::Status DeleteDomain(const std::string& name, const AuditRow& audit) override;

  absl::StatusOr<std::optional<AccountRow>> FindAccount(const std::string& address) override;
  absl::StatusOr<std::optional<AccountRow>> FindAccountById(int64_t id) override;
  absl::StatusOr<std::vector<AccountRow>> ListAccounts(const Scope& scope, const std::string& after,
                                                       int limit) override;
  absl::Status InsertAccount(const std::string& domain, AccountRow& account,
                             const AuditRow& audit) override;
  absl::Status UpdateAccount(const AccountRow& account, bool credentials_too,
                             const AuditRow& audit) override;
  absl::Status DeleteAccount(const std::string& address, const AuditRow& audit) override;

  absl::StatusOr<std::optional<ExpansionRow>> FindExpansion(const std::string& address) override;
  absl::StatusOr<std::vector<AliasRow>> ListAliases(const Scope& scope, const std::string& after,
                                                    int limit) override;
  absl::Status InsertAlias(const std::string& domain, const AliasRow& alias,
                           const AuditRow& audit) override;
  absl::Status DeleteAlias(const std::string& address, const AuditRow& audit) override;

  absl::StatusOr<std::optional<GroupRow>> FindGroup(const std::string& address) override;
  absl::StatusOr<std::vector<GroupRow>> ListGroups(const Scope& scope, const std::string& after,
                                                   int limit) override;
  absl::Status InsertGroup(const std::string& domain, GroupRow& group,
                           const AuditRow& audit) override;
  absl::Status UpdateGroup(const GroupRow& group, const AuditRow& audit) override;
  absl::Status ChangeMembers(int64_t group_id, const std::vector<std::string>& add,
                             const std::vector<std::string>& remove,
                             const AuditRow& audit) override;
  absl::Status DeleteGroup(const std::string& address, const AuditRow& audit) override;

  absl::Status InsertAppPassword(int64_t account_id, AppPasswordRow& row,
                                 const AuditRow& audit) override;
  absl::StatusOr<std::vector<AppPasswordRow>> ListAppPasswords(int64_t account_id) override;
  absl::Status TouchAppPassword(int64_t id, absl::Time used_at) override;
  absl::Status DeleteAppPassword(int64_t account_id, int64_t id, const AuditRow& audit) override;

  absl::StatusOr<std::vector<AuditRow>> ListAudit(const AuditFilter& filter, int64_t before,
                                                  int limit) override;

  absl::StatusOr<AttemptCounts> ReserveAttempt(const AttemptKeys& keys, const AttemptLimits& limits,
                                               absl::Time now) override;
  absl::Status SettleAttempt(const AttemptKeys& keys, const AttemptCounts& counted, AttemptEnd end,
                             absl::Time now) override;
  absl::Status PurgeAttempts(absl::Time failures_before, absl::Time clients_before) override;
  absl::StatusOr<std::string> Secret(const std::string& name) override;

  absl::Status Health() override { return pool_.Health(); }

 private:
  // `work` and the entry about it, both or neither.
  absl::Status Change(const AuditRow& audit,
                      const std::function<absl::Status(pg::Connection&)>& work);

  pg::Pool pool_;
};

}  // namespace pennypost::directory
