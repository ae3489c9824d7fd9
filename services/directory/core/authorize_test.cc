#include "services/directory/core/authorize.h"

#include <gtest/gtest.h>

#include <set>

namespace pennypost::directory {
namespace {

constexpr int64_t kHome = 7, kAway = 8;

Principal PersonWith(Role role) {
  Principal who;
  who.address = "me@home.test";
  who.domain = "home.test";
  who.tenant_id = kHome;
  who.role = role;
  return who;
}

// In the order of the columns below.
std::vector<Object> Objects() {
  return {
      {kHome, "home.test", "me@home.test", Role::kUser},       // own
      {kHome, "home.test", "you@home.test", Role::kUser},      // same domain
      {kHome, "second.test", "she@second.test", Role::kUser},  // same tenant
      {kHome, "", "", Role::kUser},                            // the tenant itself
      {kAway, "away.test", "he@away.test", Role::kUser},       // other tenant
      {0, "", "", Role::kUser},                                // the platform
  };
}

struct Row {
  Action action;
  // What user, domain_admin, tenant_admin and platform_admin may, object by object.
  const char* user;
  const char* domain_admin;
  const char* tenant_admin;
  const char* platform_admin;
};

// Own, domain, tenant, the tenant itself, elsewhere, platform.
constexpr Row kTable[] = {
    {Action::kReadTenant, "------", "------", "--YY--", "--YYYY"},
    {Action::kManageTenant, "------", "------", "------", "--YYYY"},
    {Action::kReadDomain, "------", "-Y----", "-YYY--", "-YYYYY"},
    {Action::kChangeDomain, "------", "-Y----", "-YYY--", "-YYYYY"},
    {Action::kManageDomain, "------", "------", "-YYY--", "-YYYYY"},
    {Action::kReadAccount, "Y-----", "YY----", "YYYY--", "YYYYYY"},
    {Action::kManageAccount, "------", "YY----", "YYYY--", "YYYYYY"},
    {Action::kChangeSecrets, "Y-----", "YY----", "YYYY--", "YYYYYY"},
    {Action::kGrantRole, "------", "YY----", "YYYY--", "YYYYYY"},
    {Action::kReadAddresses, "------", "YY----", "YYYY--", "YYYYYY"},
    {Action::kManageAddresses, "------", "YY----", "YYYY--", "YYYYYY"},
    {Action::kReadAudit, "------", "------", "--YY--", "--YYYY"},
    {Action::kReadQueue, "------", "------", "------", "----YY"},
    {Action::kChangeQueue, "------", "------", "------", "----YY"},
};

TEST(Authorize, RoleByActionByObject) {
  std::set<Action> seen;
  for (const Row& row : kTable) {
    seen.insert(row.action);
    const char* wanted[] = {row.user, row.domain_admin, row.tenant_admin, row.platform_admin};
    for (int role = 0; role < 4; ++role) {
      std::string got;
      for (const Object& object : Objects()) {
        absl::Status status = Authorize(PersonWith(static_cast<Role>(role)), row.action, object);
        got.push_back(status.ok() ? 'Y' : '-');
        if (!status.ok()) {
          EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
        }
      }
      EXPECT_EQ(got, wanted[role])
          << "action " << static_cast<int>(row.action) << ", " << RoleName(static_cast<Role>(role));
    }
    for (const Object& object : Objects())
      EXPECT_TRUE(Authorize(Principal::Platform(""), row.action, object).ok());
  }
  // A new action without a row here, or without a rule, is nobody's.
  EXPECT_EQ(seen.size(), static_cast<size_t>(kLastAction) + 1);
  auto unknown = static_cast<Action>(static_cast<int>(kLastAction) + 1);
  for (const Object& object : Objects())
    EXPECT_FALSE(Authorize(PersonWith(Role::kPlatformAdmin), unknown, object).ok());
}

TEST(Authorize, NobodyActsOnAHigherRoleOrGivesOne) {
  for (int has = 1; has < 4; ++has) {
    for (int theirs = 0; theirs < 4; ++theirs) {
      Object object{kHome, "home.test", "you@home.test", static_cast<Role>(theirs)};
      for (Action action : {Action::kGrantRole, Action::kManageAccount, Action::kChangeSecrets}) {
        EXPECT_EQ(Authorize(PersonWith(static_cast<Role>(has)), action, object).ok(),
                  theirs <= has);
      }
    }
  }
}

TEST(Authorize, WhatOthersOwnCannotBeSeen) {
  std::vector<Object> objects = Objects();
  for (Role role : {Role::kUser, Role::kDomainAdmin, Role::kTenantAdmin}) {
    EXPECT_TRUE(MaySee(PersonWith(role), objects[2]));
    EXPECT_FALSE(MaySee(PersonWith(role), objects[4]));
  }
  EXPECT_TRUE(MaySee(PersonWith(Role::kPlatformAdmin), objects[4]));
  EXPECT_TRUE(MaySee(Principal::Platform(""), objects[4]));
}

TEST(Authorize, RolesByName) {
  for (const char* name : {"user", "domain_admin", "tenant_admin", "platform_admin"})
    EXPECT_EQ(RoleName(*ParseRole(name)), name);
  EXPECT_EQ(MessageOf(ParseRole("root").status()),
            "'root' is no role: user, domain_admin, tenant_admin or platform_admin");
  EXPECT_FALSE(ParseRole("").ok());
}

}  // namespace
}  // namespace pennypost::directory
