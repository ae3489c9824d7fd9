#pragma once
// Who may do what: the one place where rights are decided. Denies by default (ADR 0005).

#include <cstdint>
#include <string>

#include "base/status.h"

namespace pennypost::directory {

enum class Role { kUser, kDomainAdmin, kTenantAdmin, kPlatformAdmin };

// "domain_admin" and the like, as stored; InvalidArgument for another word.
absl::StatusOr<Role> ParseRole(const std::string& text);
std::string_view RoleName(Role role);

// Whoever asks. Made by Platform(), or of an account by FindPrincipal (admin.h).
struct Principal {
  bool is_platform = false;  // a call that no person made: all rights
  std::string address;       // "platform" for the platform
  std::string domain;
  int64_t tenant_id = 0;
  Role role = Role::kUser;
  std::string caller;  // service the call came from, for the audit log

  static Principal Platform(std::string caller);
};

enum class Action {
  kReadTenant,
  kManageTenant,  // create, change, delete; move a domain into it
  kReadDomain,
  kChangeDomain,  // catch-all
  kManageDomain,  // create, delete, switch on and off
  kReadAccount,
  kManageAccount,  // create, delete, quota, switch on and off
  kChangeSecrets,  // password, name, app passwords
  kGrantRole,
  kReadAddresses,  // aliases and groups
  kManageAddresses,
  kReadAudit,
  kReadQueue,
  kChangeQueue,
};
inline constexpr Action kLastAction = Action::kChangeQueue;

// What an action is about. Tenant 0: the platform as a whole.
struct Object {
  int64_t tenant_id = 0;
  std::string domain;       // empty: the tenant as a whole
  std::string account;      // its address; empty: no account
  Role role = Role::kUser;  // of the account, or the one to be given, whichever is higher
};

// PermissionDenied where the principal may not. Nobody acts on who has a higher role, or gives one
// that is higher than his own.
absl::Status Authorize(const Principal& who, Action action, const Object& object);

// Whether the principal may know that there is such a thing: what others own does not exist for
// him.
bool MaySee(const Principal& who, const Object& object);

}  // namespace pennypost::directory
