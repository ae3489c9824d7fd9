#include "services/directory/core/admin.h"

#include "services/directory/core/fake_house.h"

namespace pennypost::directory {
namespace {

using Code = absl::StatusCode;

class AdminTest : public FakeHouse {
 protected:
  Principal As(const std::string& address) {
    auto who = admin_.FindPrincipal(address, "web");
    EXPECT_TRUE(who.ok()) << who.status();
    return *who;
  }
  void SetRole(const std::string& address, const std::string& role) {
    AccountChange change;
    change.role = role;
    ASSERT_TRUE(admin_.UpdateAccount(root_, address, change).ok());
  }
  Code Update(const std::string& by, const std::string& whom, const AccountChange& change) {
    return admin_.UpdateAccount(As(by), whom, change).status().code();
  }
};

AccountChange NewRole(const std::string& role) {
  AccountChange change;
  change.role = role;
  return change;
}
AccountChange NewPassword() {
  AccountChange change;
  change.password = "changed";
  return change;
}
AccountChange NewQuota() {
  AccountChange change;
  change.quota_bytes = 1;
  return change;
}

TEST_F(AdminTest, SaysWhatIsWrong) {
  auto message = [](const auto& result) { return MessageOf(result.status()); };
  EXPECT_EQ(message(admin_.CreateAccount(root_, "x@nowhere.test", "p", {})),
            "no such domain: nowhere.test");
  EXPECT_EQ(message(admin_.CreateAccount(root_, "bob@example.test", "p", {})),
            "the account bob@example.test exists already");
  EXPECT_EQ(message(admin_.CreateAccount(root_, "new@other.test", "p", {})),
            "other.test is another name of example.test: make the account there");
  EXPECT_EQ(admin_.CreateAccount(root_, "new@example.test", "", {}).status().code(),
            Code::kInvalidArgument);
  AccountChange name;
  name.display_name = "two\nlines";
  EXPECT_EQ(message(admin_.CreateAccount(root_, "new@example.test", "p", name)),
            "the name has a control character");
  EXPECT_EQ(admin_.CreateDomain(root_, {"bad_domain..x", "", "", ""}).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(message(admin_.CreateDomain(root_, {"new.test", "", "", "nobody"})),
            "no such tenant: nobody");
  EXPECT_EQ(
      message(admin_.CreateAlias(root_, {"a@example.test", {"bob@example.test", "x y"}, false}))
          .substr(0, 5),
      "x y: ");
  ASSERT_TRUE(admin_.CreateDomain(root_, {"New.TEST", "", "", ""}).ok());
  EXPECT_EQ((*admin_.GetDomain(root_, "new.test")).keys.size(), 2u);
  EXPECT_EQ(message(admin_.CreateTenant(root_, "Bad Name", {})).substr(0, 29),
            "'Bad Name' is no name of a te");
  EXPECT_EQ(message(admin_.CreateTenant(root_, "rival", {})), "the tenant rival exists already");
}

TEST_F(AdminTest, TenantsGoWhenTheyAreEmpty) {
  EXPECT_EQ(MessageOf(admin_.DeleteTenant(root_, "rival")),
            "the tenant still has domains: delete them or move them to another tenant first");
  DomainChange move;
  move.tenant = "default";
  ASSERT_TRUE(admin_.UpdateDomain(root_, "rival.test", move).ok());
  EXPECT_EQ((*admin_.GetDomain(root_, "rival.test")).tenant, "default");
  EXPECT_TRUE(admin_.DeleteTenant(root_, "rival").ok());
  EXPECT_EQ(admin_.DeleteTenant(root_, "default").code(), Code::kFailedPrecondition);
  EXPECT_EQ(admin_.DeleteTenant(root_, "rival").code(), Code::kNotFound);
  move.tenant = "default";
  EXPECT_EQ(MessageOf(admin_.UpdateDomain(root_, "other.test", move).status()),
            "other.test is another name of example.test: move that one");
}

TEST_F(AdminTest, GroupsAndTheirMembers) {
  MakeGroup("team@example.test", "anyone", {"Bob@Example.test", "Fan@Remote.test"});
  GroupRow team = *admin_.GetGroup(root_, "Team@example.test");
  EXPECT_EQ(team.members, (std::vector<std::string>{"Fan@remote.test", "bob@example.test"}));
  auto change = [&](std::vector<std::string> add, std::vector<std::string> remove) {
    return admin_.ChangeMembers(root_, "team@example.test", add, remove);
  };
  EXPECT_EQ(
      change({"eve@example.test", "bob@example.test", "bob+x@example.test"}, {})->members.size(),
      4u);
  EXPECT_EQ(MessageOf(change({"nobody@example.test"}, {}).status()),
            "no such address: nobody@example.test");
  EXPECT_EQ(MessageOf(change({"team@example.test"}, {}).status()),
            "a group cannot be a member of itself");
  EXPECT_EQ(MessageOf(change({}, {"amy@example.test"}).status()),
            "amy@example.test is no member of team@example.test");
  EXPECT_EQ(change({}, {"Fan@remote.test", "BOB@example.test"})->members.size(), 2u);
  // Whether another tenant has an address is none of ours to know.
  EXPECT_TRUE(change({"nobody@rival.test"}, {}).ok());
  GroupChange rule;
  rule.posting = "everyone";
  EXPECT_EQ(MessageOf(admin_.UpdateGroup(root_, "team@example.test", rule).status()),
            "'everyone' is no posting rule: anyone, tenant, domain or members");
  EXPECT_TRUE(admin_.DeleteGroup(root_, "team@example.test").ok());
  EXPECT_EQ(admin_.GetGroup(root_, "team@example.test").status().code(), Code::kNotFound);
}

TEST_F(AdminTest, APrincipalIsAnActiveAccount) {
  EXPECT_TRUE(As("").is_platform);
  EXPECT_EQ(As("Bob@Example.test").role, Role::kUser);
  EXPECT_EQ(As("mallory@rival.test").tenant_id, (*store_.FindTenant("rival"))->id);
  for (const char* nobody : {"nobody@example.test", "nonsense", "x@nowhere.test"})
    EXPECT_EQ(admin_.FindPrincipal(nobody, "").status().code(), Code::kPermissionDenied);
  SetTenant("rival", false);
  EXPECT_EQ(admin_.FindPrincipal("mallory@rival.test", "").status().code(),
            Code::kPermissionDenied);
}

TEST_F(AdminTest, AUserRulesHisOwnSecrets) {
  EXPECT_EQ(Update("bob@example.test", "bob@example.test", NewPassword()), Code::kOk);
  EXPECT_EQ(Update("bob@example.test", "bob@example.test", NewQuota()), Code::kPermissionDenied);
  EXPECT_EQ(Update("bob@example.test", "bob@example.test", NewRole("tenant_admin")),
            Code::kPermissionDenied);
  EXPECT_EQ(Update("bob@example.test", "eve@example.test", NewPassword()), Code::kPermissionDenied);
  EXPECT_EQ(Update("bob@example.test", "nobody@example.test", NewPassword()),
            Code::kPermissionDenied)
      << "before it is known whether there is one";
  EXPECT_EQ(Update("bob@example.test", "mallory@rival.test", NewPassword()), Code::kNotFound);
  AppPasswordRow row;
  EXPECT_TRUE(admin_.CreateAppPassword(As("bob@example.test"), "bob@example.test", row).ok());
  EXPECT_FALSE(admin_.CreateAppPassword(As("bob@example.test"), "eve@example.test", row).ok());
  EXPECT_EQ(admin_.ListAccounts(As("bob@example.test"), {"", "", "", 10}).status().code(),
            Code::kPermissionDenied);
}

TEST_F(AdminTest, AnAdministratorStaysWithinHisHouse) {
  SetRole("bob@example.test", "domain_admin");
  SetRole("eve@example.test", "tenant_admin");
  MakeDomain("second.test", kFirstTenant);
  ASSERT_TRUE(admin_.CreateAccount(root_, "sue@second.test", "s", {}).ok());
  Principal bob = As("bob@example.test"), eve = As("eve@example.test");

  EXPECT_TRUE(admin_.CreateAccount(bob, "new@example.test", "p", {}).ok());
  EXPECT_EQ(admin_.CreateAccount(bob, "x@second.test", "p", {}).status().code(),
            Code::kPermissionDenied);
  EXPECT_TRUE(admin_.CreateAccount(eve, "x@second.test", "p", {}).ok());
  for (const Principal& who : {bob, eve}) {
    EXPECT_EQ(MessageOf(admin_.CreateAccount(who, "x@rival.test", "p", {}).status()),
              "no such domain: rival.test");
    EXPECT_EQ(MessageOf(admin_.GetDomain(who, "rival.test").status()),
              MessageOf(admin_.GetDomain(who, "none.test").status()).replace(16, 4, "rival"));
    EXPECT_EQ(admin_.CreateDomain(who, {"mine.test", "", "", "rival"}).status().code(),
              Code::kNotFound);
    EXPECT_EQ(admin_.CreateDomain(who, {"mine.test", "rival.test", "", ""}).status().code(),
              Code::kNotFound);
    EXPECT_EQ(admin_.ListDomains(who, {"rival", "", "", 10}).status().code(), Code::kNotFound);
  }
  // What a list shows.
  EXPECT_EQ(admin_.ListDomains(bob, {"", "", "", 10})->size(), 1u);
  EXPECT_EQ(admin_.ListDomains(eve, {"", "", "", 10})->size(), 3u);
  EXPECT_EQ(admin_.ListDomains(root_, {"", "", "", 10})->size(), 4u);
  EXPECT_EQ(admin_.ListAccounts(bob, {"", "", "", 10})->size(), 3u);
  EXPECT_EQ(admin_.ListAccounts(eve, {"", "second.test", "", 10})->size(), 2u);
  EXPECT_EQ(admin_.ListTenants(eve, {"", "", "", 10})->size(), 1u);
  EXPECT_FALSE(admin_.ListTenants(bob, {"", "", "", 10}).ok());

  // A domain made by a tenant's administrator is the tenant's.
  SetRole("mallory@rival.test", "tenant_admin");
  EXPECT_EQ(admin_.CreateDomain(As("mallory@rival.test"), {"rival2.test", "", "", ""})->tenant,
            "rival");
  EXPECT_FALSE(admin_.CreateDomain(bob, {"bobs.test", "", "", ""}).ok());
}

TEST_F(AdminTest, NobodyRaisesHimself) {
  SetRole("bob@example.test", "domain_admin");
  SetRole("eve@example.test", "tenant_admin");
  ASSERT_TRUE(admin_.CreateAccount(root_, "amy@example.test", "p", {}).ok());
  EXPECT_EQ(Update("bob@example.test", "bob@example.test", NewRole("tenant_admin")),
            Code::kPermissionDenied);
  EXPECT_EQ(Update("bob@example.test", "amy@example.test", NewRole("tenant_admin")),
            Code::kPermissionDenied);
  EXPECT_EQ(Update("bob@example.test", "amy@example.test", NewRole("domain_admin")), Code::kOk);
  // Whose password one sets, one is.
  for (const AccountChange& change : {NewPassword(), NewQuota(), NewRole("user")})
    EXPECT_EQ(Update("bob@example.test", "eve@example.test", change), Code::kPermissionDenied);
  AppPasswordRow row;
  Principal bob = As("bob@example.test");
  EXPECT_FALSE(admin_.CreateAppPassword(bob, "eve@example.test", row).ok());
  EXPECT_FALSE(admin_.DeleteAccount(bob, "eve@example.test").ok());
  AccountChange high = NewRole("platform_admin");
  EXPECT_FALSE(admin_.CreateAccount(bob, "z@example.test", "p", high).ok());
  EXPECT_FALSE(admin_.CreateAccount(As("eve@example.test"), "z@example.test", "p", high).ok());
}

TEST_F(AdminTest, EachChangeIsWrittenDown) {
  SetRole("bob@example.test", "domain_admin");
  Principal bob = As("bob@example.test");
  AccountChange change;
  change.password = "not for the log";
  change.quota_bytes = 5;
  ASSERT_TRUE(admin_.UpdateAccount(bob, "eve@example.test", change).ok());
  ASSERT_TRUE(admin_.CreateAlias(bob, {"a@example.test", {"x@remote.test"}, false}).ok());
  EXPECT_FALSE(admin_.CreateAccount(bob, "bob@example.test", "p", {}).ok());
  auto rows = *admin_.ListAudit(root_, {"bob@example.test", "", "", 0, 10});
  ASSERT_EQ(rows.size(), 2u) << "what failed is no change";
  EXPECT_EQ(rows[0].action, "alias.create");
  EXPECT_EQ(rows[0].detail, "to x@remote.test");
  EXPECT_EQ(rows[1].object, "eve@example.test");
  EXPECT_EQ(rows[1].caller, "web");
  EXPECT_EQ(rows[1].detail, "password, quota_bytes 0 -> 5");
  EXPECT_EQ(rows[1].tenant_id, kFirstTenant);
  auto of_root = *admin_.ListAudit(root_, {"platform", "bob@example.test", "", 0, 10});
  ASSERT_EQ(of_root.size(), 2u);
  EXPECT_EQ(of_root[0].detail, "role user -> domain_admin");

  EXPECT_FALSE(admin_.ListAudit(bob, {"", "", "", 0, 10}).ok());
  SetRole("mallory@rival.test", "tenant_admin");
  auto rivals = *admin_.ListAudit(As("mallory@rival.test"), {"", "", "", 0, 100});
  EXPECT_FALSE(rivals.empty());
  for (const AuditRow& row : rivals) EXPECT_NE(row.tenant_id, kFirstTenant) << row.object;
  EXPECT_EQ(admin_.ListAudit(As("mallory@rival.test"), {"", "", "default", 0, 10}).status().code(),
            Code::kNotFound);
}

}  // namespace
}  // namespace pennypost::directory
