#pragma once
// What administrators do: checks of words, rights and rules before the store is asked, and the
// words of the audit log. Blocking.
//
// What a principal may not know of is NotFound, as if it were not there.

#include <optional>
#include <string>
#include <vector>

#include "services/directory/core/authorize.h"
#include "services/directory/core/password.h"
#include "services/directory/core/recipients.h"
#include "services/directory/store/store.h"

namespace pennypost::directory {

struct TenantChange {
  std::optional<bool> enabled;
  std::optional<int64_t> max_domains;
  std::optional<int64_t> max_accounts;
  std::optional<int64_t> default_quota_bytes;
};

struct NewDomain {
  std::string name;
  std::string alias_of;
  std::string catch_all;
  std::string tenant;  // empty: that of alias_of, of the principal, or the first one
};

struct DomainChange {
  std::optional<std::string> catch_all;
  std::optional<bool> enabled;
  std::optional<std::string> tenant;
};

struct AccountChange {
  std::optional<std::string> password;
  std::optional<std::string> display_name;
  std::optional<int64_t> quota_bytes;
  std::optional<bool> enabled;
  std::optional<std::string> role;
};

struct GroupChange {
  std::optional<std::string> display_name;
  std::optional<std::string> posting;
  std::optional<bool> send_as;
};

// What a list is asked for; empty: all that the principal may see.
struct Wanted {
  std::string tenant;
  std::string domain;
  std::string after;
  int limit = 0;
};

class Admin {
 public:
  Admin(Store& store, const RecipientResolver& recipients, PasswordCost cost)
      : store_(store), recipients_(recipients), cost_(cost) {}

  // The account with this address as a principal; an empty address is the platform itself.
  // PermissionDenied where there is no such account, or it is switched off.
  absl::StatusOr<Principal> FindPrincipal(const std::string& address, const std::string& caller);

  absl::StatusOr<TenantRow> CreateTenant(const Principal& who, const std::string& name,
                                         const TenantChange& rest);
  absl::StatusOr<TenantRow> GetTenant(const Principal& who, const std::string& name);
  absl::StatusOr<std::vector<TenantRow>> ListTenants(const Principal& who, const Wanted& wanted);
  absl::StatusOr<TenantRow> UpdateTenant(const Principal& who, const std::string& name,
                                         const TenantChange& change);
  absl::Status DeleteTenant(const Principal& who, const std::string& name);

  // With an RSA and an Ed25519 key for DKIM.
  absl::StatusOr<DomainRow> CreateDomain(const Principal& who, const NewDomain& wanted);
  // With its keys.
  absl::StatusOr<DomainRow> GetDomain(const Principal& who, const std::string& name);
  absl::StatusOr<std::vector<DomainRow>> ListDomains(const Principal& who, const Wanted& wanted);
  absl::StatusOr<DomainRow> UpdateDomain(const Principal& who, const std::string& name,
                                         const DomainChange& change);
  absl::Status DeleteDomain(const Principal& who, const std::string& name);

  absl::StatusOr<AccountRow> CreateAccount(const Principal& who, const std::string& address,
                                           const std::string& password, const AccountChange& rest);
  absl::StatusOr<AccountRow> GetAccount(const Principal& who, const std::string& address);
  absl::StatusOr<std::vector<AccountRow>> ListAccounts(const Principal& who, const Wanted& wanted);
  absl::StatusOr<AccountRow> UpdateAccount(const Principal& who, const std::string& address,
                                           const AccountChange& change);
  absl::Status DeleteAccount(const Principal& who, const std::string& address);

  // Sets the rest of `row` and returns the password, which is shown once.
  absl::StatusOr<std::string> CreateAppPassword(const Principal& who, const std::string& address,
                                                AppPasswordRow& row);
  absl::StatusOr<std::vector<AppPasswordRow>> ListAppPasswords(const Principal& who,
                                                               const std::string& address);
  absl::Status DeleteAppPassword(const Principal& who, const std::string& address, int64_t id);

  absl::StatusOr<AliasRow> CreateAlias(const Principal& who, const AliasRow& wanted);
  absl::StatusOr<std::vector<AliasRow>> ListAliases(const Principal& who, const Wanted& wanted);
  absl::Status DeleteAlias(const Principal& who, const std::string& address);

  absl::StatusOr<GroupRow> CreateGroup(const Principal& who, const GroupRow& wanted);
  absl::StatusOr<GroupRow> GetGroup(const Principal& who, const std::string& address);
  absl::StatusOr<std::vector<GroupRow>> ListGroups(const Principal& who, const Wanted& wanted);
  absl::StatusOr<GroupRow> UpdateGroup(const Principal& who, const std::string& address,
                                       const GroupChange& change);
  absl::StatusOr<GroupRow> ChangeMembers(const Principal& who, const std::string& address,
                                         const std::vector<std::string>& add,
                                         const std::vector<std::string>& remove);
  absl::Status DeleteGroup(const Principal& who, const std::string& address);

  struct AuditWanted {
    std::string by;
    std::string object;
    std::string tenant;
    int64_t before = 0;
    int limit = 0;
  };
  absl::StatusOr<std::vector<AuditRow>> ListAudit(const Principal& who, const AuditWanted& wanted);

 private:
  absl::StatusOr<TenantRow> FindTenant(const Principal& who, Action action,
                                       const std::string& name);
  absl::StatusOr<TenantRow> TenantForDomain(const Principal& who, const NewDomain& wanted);
  absl::StatusOr<DomainRow> FindDomain(const Principal& who, Action action,
                                       const std::string& name);
  absl::StatusOr<std::string> MemberAddress(const GroupRow& group, int64_t tenant_id,
                                            const std::string& text);
  absl::StatusOr<std::vector<std::string>> Members(const GroupRow& group, int64_t tenant_id,
                                                   const std::vector<std::string>& texts);

  // An address in a domain in which the principal may do `action`: with what it belongs to.
  struct Place {
    std::string address;  // canonical
    DomainRow domain;
    Object object;
  };
  absl::StatusOr<Place> FindPlace(const Principal& who, Action action, const std::string& address);
  // The account there; the role it has counts for the rights.
  absl::StatusOr<AccountRow> FindAccount(const Principal& who, Action action, Place& place);

  // What a list may show, and whether the principal may list at all.
  absl::StatusOr<Scope> ListScope(const Principal& who, Action action, const Wanted& wanted);

  Store& store_;
  const RecipientResolver& recipients_;
  const PasswordCost cost_;
};

// The canonical form of a local address: lower case, A-labels.
absl::StatusOr<std::string> CanonicalAddress(const std::string& text);

}  // namespace pennypost::directory
