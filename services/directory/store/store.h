#pragma once
// What the directory remembers. Blocking; thread-safe. PgStore is the record, MemoryStore serves
// tests; both pass store_contract.h.
//
// Each administrative change takes the entry of the audit log that is written with it, or not at
// all. An update is Aborted (CONFLICT) where somebody else changed the row since it was read. A
// page is in the order of names, after `after`.

#include <optional>

#include "base/status.h"
#include "services/directory/store/rows.h"

namespace pennypost::directory {

class Store {
 public:
  virtual ~Store() = default;

  virtual absl::StatusOr<std::optional<TenantRow>> FindTenant(const std::string& name) = 0;
  virtual absl::StatusOr<std::vector<TenantRow>> ListTenants(int64_t only, const std::string& after,
                                                             int limit) = 0;
  // Sets id and created_at; AlreadyExists.
  virtual absl::Status InsertTenant(TenantRow& tenant, const AuditRow& audit) = 0;
  virtual absl::Status UpdateTenant(const TenantRow& tenant, const AuditRow& audit) = 0;
  // FailedPrecondition while it has domains, NotFound.
  virtual absl::Status DeleteTenant(const std::string& name, const AuditRow& audit) = 0;

  virtual absl::StatusOr<std::optional<DomainRow>> FindDomain(const std::string& name) = 0;
  virtual absl::StatusOr<std::vector<KeyRow>> ListKeys(int64_t domain_id) = 0;
  virtual absl::StatusOr<std::vector<DomainRow>> ListDomains(const Scope& scope,
                                                             const std::string& after,
                                                             int limit) = 0;
  // Sets id and created_at; AlreadyExists, ResourceExhausted (OVER_QUOTA) over the tenant's limit.
  virtual absl::Status InsertDomain(DomainRow& domain, const AuditRow& audit) = 0;
  virtual absl::Status UpdateDomain(const DomainRow& domain, const AuditRow& audit) = 0;
  // Gives it, its other names and all in them to another tenant, within that one's limits.
  virtual absl::Status MoveDomain(const std::string& name, int64_t tenant_id,
                                  const AuditRow& audit) = 0;
  // FailedPrecondition while accounts or alias domains need it, NotFound.
  virtual absl::Status DeleteDomain(const std::string& name, const AuditRow& audit) = 0;

  virtual absl::StatusOr<std::optional<AccountRow>> FindAccount(const std::string& address) = 0;
  virtual absl::StatusOr<std::optional<AccountRow>> FindAccountById(int64_t id) = 0;
  virtual absl::StatusOr<std::vector<AccountRow>> ListAccounts(const Scope& scope,
                                                               const std::string& after,
                                                               int limit) = 0;
  // NotFound if the domain does not exist, AlreadyExists also if an alias or a group has the
  // address, ResourceExhausted (OVER_QUOTA) over the tenant's limit.
  virtual absl::Status InsertAccount(const std::string& domain, AccountRow& account,
                                     const AuditRow& audit) = 0;
  // Without `credentials_too` the stored ones stay, whatever `account` holds.
  virtual absl::Status UpdateAccount(const AccountRow& account, bool credentials_too,
                                     const AuditRow& audit) = 0;
  // Its memberships go with it.
  virtual absl::Status DeleteAccount(const std::string& address, const AuditRow& audit) = 0;

  // An alias or a group with this address.
  virtual absl::StatusOr<std::optional<ExpansionRow>> FindExpansion(const std::string& address) = 0;
  virtual absl::StatusOr<std::vector<AliasRow>> ListAliases(const Scope& scope,
                                                            const std::string& after,
                                                            int limit) = 0;
  virtual absl::Status InsertAlias(const std::string& domain, const AliasRow& alias,
                                   const AuditRow& audit) = 0;
  virtual absl::Status DeleteAlias(const std::string& address, const AuditRow& audit) = 0;

  virtual absl::StatusOr<std::optional<GroupRow>> FindGroup(const std::string& address) = 0;
  virtual absl::StatusOr<std::vector<GroupRow>> ListGroups(const Scope& scope,
                                                           const std::string& after, int limit) = 0;
  // Sets id and created_at.
  virtual absl::Status InsertGroup(const std::string& domain, GroupRow& group,
                                   const AuditRow& audit) = 0;
  // Name, rule and send_as; not the members.
  virtual absl::Status UpdateGroup(const GroupRow& group, const AuditRow& audit) = 0;
  // Who is a member already stays one; NotFound for one to remove who is none, ResourceExhausted
  // (OVER_QUOTA) over kMaxMembers: then nothing is changed.
  virtual absl::Status ChangeMembers(int64_t group_id, const std::vector<std::string>& add,
                                     const std::vector<std::string>& remove,
                                     const AuditRow& audit) = 0;
  virtual absl::Status DeleteGroup(const std::string& address, const AuditRow& audit) = 0;

  virtual absl::Status InsertAppPassword(int64_t account_id, AppPasswordRow& row,
                                         const AuditRow& audit) = 0;
  virtual absl::StatusOr<std::vector<AppPasswordRow>> ListAppPasswords(int64_t account_id) = 0;
  virtual absl::Status TouchAppPassword(int64_t id, absl::Time used_at) = 0;
  virtual absl::Status DeleteAppPassword(int64_t account_id, int64_t id, const AuditRow& audit) = 0;

  // The newest first, older than entry `before` (0: all).
  virtual absl::StatusOr<std::vector<AuditRow>> ListAudit(const AuditFilter& filter, int64_t before,
                                                          int limit) = 0;

  // Counts an attempt to log in before anything is checked: by user name and address, by network,
  // by user name alone, in this order, each only while the one before is within its limit. A known
  // address is not counted by its network, a known network not by the user name.
  virtual absl::StatusOr<AttemptCounts> ReserveAttempt(const AttemptKeys& keys,
                                                       const AttemptLimits& limits,
                                                       absl::Time now) = 0;
  // Takes an attempt back, as it was counted.
  virtual absl::Status SettleAttempt(const AttemptKeys& keys, const AttemptCounts& counted,
                                     AttemptEnd end, absl::Time now) = 0;
  virtual absl::Status PurgeAttempts(absl::Time failures_before, absl::Time clients_before) = 0;

  // A random value that all processes share: "scram-salts".
  virtual absl::StatusOr<std::string> Secret(const std::string& name) = 0;

  // OK when the store answers.
  virtual absl::Status Health() = 0;
};

}  // namespace pennypost::directory
