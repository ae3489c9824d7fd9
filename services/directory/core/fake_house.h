#pragma once
// A small house for tests: example.test (also called other.test) with bob and eve, and rival.test
// of another tenant with mallory.

#include <gtest/gtest.h>

#include "services/directory/core/admin.h"
#include "services/directory/store/memory_store.h"
#include "testing/fake_clock.h"

namespace pennypost::directory {

// Cheap on purpose: these tests are about rules, not about cost.
inline constexpr PasswordCost kCheap{64, 1};

class FakeHouse : public ::testing::Test {
 protected:
  FakeHouse() {
    EXPECT_TRUE(admin_.CreateTenant(root_, "rival", {}).ok());
    MakeDomain("example.test", kFirstTenant);
    MakeDomain("other.test", kFirstTenant, "example.test");
    MakeDomain("rival.test", (*store_.FindTenant("rival"))->id);
    EXPECT_TRUE(admin_.CreateAccount(root_, "Bob@example.test", "secret", {}).ok());
    EXPECT_TRUE(admin_.CreateAccount(root_, "eve@example.test", "hidden", {}).ok());
    EXPECT_TRUE(admin_.CreateAccount(root_, "mallory@rival.test", "rival", {}).ok());
  }

  // Without keys: making them takes longer than most tests.
  void MakeDomain(const std::string& name, int64_t tenant_id, const std::string& alias_of = "") {
    DomainRow domain;
    domain.name = name;
    domain.tenant_id = tenant_id;
    domain.alias_of = alias_of;
    EXPECT_TRUE(store_.InsertDomain(domain, AuditRow()).ok());
  }
  int64_t IdOf(const std::string& address) { return (*store_.FindAccount(address))->id; }
  void SetTenant(const std::string& name, bool enabled) {
    TenantChange change;
    change.enabled = enabled;
    ASSERT_TRUE(admin_.UpdateTenant(root_, name, change).ok());
  }
  void MakeGroup(const std::string& address, const std::string& posting,
                 std::vector<std::string> members, bool send_as = false) {
    GroupRow group;
    group.address = address;
    group.posting = posting;
    group.send_as = send_as;
    group.members = std::move(members);
    auto made = admin_.CreateGroup(root_, group);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  void MakeAlias(const std::string& address, std::vector<std::string> targets,
                 bool send_as = false) {
    auto made = admin_.CreateAlias(root_, {address, std::move(targets), send_as});
    ASSERT_TRUE(made.ok()) << made.status();
  }

  MemoryStore store_;
  testing::FakeClock clock_;
  RecipientResolver recipients_{store_, {"+", 1000}};
  Admin admin_{store_, recipients_, kCheap};
  Principal root_ = Principal::Platform("test");
};

}  // namespace pennypost::directory
