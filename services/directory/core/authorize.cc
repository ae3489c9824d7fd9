#include "services/directory/core/authorize.h"

#include <array>

namespace pennypost::directory {
namespace {

constexpr std::array<std::string_view, 4> kRoleNames = {"user", "domain_admin", "tenant_admin",
                                                        "platform_admin"};

// How near an object is to the principal: the nearest that holds.
enum class Relation { kOwn, kSameDomain, kSameTenant, kElsewhere };

Relation RelationTo(const Principal& who, const Object& object) {
  if (object.tenant_id == 0 || object.tenant_id != who.tenant_id) return Relation::kElsewhere;
  if (!object.account.empty() && object.account == who.address) return Relation::kOwn;
  if (!object.domain.empty() && object.domain == who.domain) return Relation::kSameDomain;
  return Relation::kSameTenant;
}

constexpr int kNobody = 99;
constexpr int U = static_cast<int>(Role::kUser);
constexpr int D = static_cast<int>(Role::kDomainAdmin);
constexpr int T = static_cast<int>(Role::kTenantAdmin);
constexpr int P = static_cast<int>(Role::kPlatformAdmin);

// The least role for an action, by how near its object is. A domain_admin rules the domain of his
// own address, a tenant_admin all domains of its tenant.
struct Rule {
  Action action;
  int own, same_domain, same_tenant, elsewhere;
};
constexpr Rule kRules[] = {
    {Action::kReadTenant, kNobody, kNobody, T, P},
    {Action::kManageTenant, kNobody, kNobody, P, P},
    {Action::kReadDomain, kNobody, D, T, P},
    {Action::kChangeDomain, kNobody, D, T, P},
    {Action::kManageDomain, kNobody, T, T, P},
    {Action::kReadAccount, U, D, T, P},
    {Action::kManageAccount, D, D, T, P},
    {Action::kChangeSecrets, U, D, T, P},
    {Action::kGrantRole, D, D, T, P},
    {Action::kReadAddresses, D, D, T, P},
    {Action::kManageAddresses, D, D, T, P},
    {Action::kReadAudit, kNobody, kNobody, T, P},
    {Action::kReadQueue, kNobody, kNobody, kNobody, P},
    {Action::kChangeQueue, kNobody, kNobody, kNobody, P},
};

int LeastRole(Action action, Relation relation) {
  for (const Rule& rule : kRules) {
    if (rule.action != action) continue;
    switch (relation) {
      case Relation::kOwn:
        return rule.own;
      case Relation::kSameDomain:
        return rule.same_domain;
      case Relation::kSameTenant:
        return rule.same_tenant;
      case Relation::kElsewhere:
        return rule.elsewhere;
    }
  }
  return kNobody;
}

}  // namespace

absl::StatusOr<Role> ParseRole(const std::string& text) {
  for (size_t i = 0; i < kRoleNames.size(); ++i) {
    if (text == kRoleNames[i]) return static_cast<Role>(i);
  }
  return SyntaxError(
      fmt::format("'{}' is no role: user, domain_admin, tenant_admin or platform_admin", text));
}

std::string_view RoleName(Role role) {
  return kRoleNames[static_cast<size_t>(role)];
}

Principal Principal::Platform(std::string caller) {
  Principal who;
  who.is_platform = true;
  who.address = "platform";
  who.role = Role::kPlatformAdmin;
  who.caller = std::move(caller);
  return who;
}

bool MaySee(const Principal& who, const Object& object) {
  return who.is_platform || who.role == Role::kPlatformAdmin ||
         RelationTo(who, object) != Relation::kElsewhere;
}

absl::Status Authorize(const Principal& who, Action action, const Object& object) {
  if (who.is_platform) return absl::OkStatus();
  int has = static_cast<int>(who.role);
  bool enough = has >= LeastRole(action, RelationTo(who, object));
  bool higher = static_cast<int>(object.role) > has;
  if (enough && !higher) return absl::OkStatus();
  return PolicyError(fmt::format("{} ({}) may not do that", who.address, RoleName(who.role)));
}

}  // namespace pennypost::directory
