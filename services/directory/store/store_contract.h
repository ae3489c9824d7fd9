#pragma once
// What every Store does. Run on MemoryStore (unit) and on PgStore (integration), each time on an
// empty one.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "services/directory/store/store.h"

namespace pennypost::directory {

inline AuditRow ContractEntry(const std::string& action, const std::string& object,
                              int64_t tenant_id = kFirstTenant) {
  return {0, {}, "root@a.test", "web", action, object, tenant_id, "detail"};
}

inline AccountRow ContractAccount(const std::string& address) {
  AccountRow account;
  account.address = address;
  account.display_name = "N";
  account.credentials = {"$argon2id$x", std::string("s\0t", 3), 4096, "stored", "server"};
  return account;
}

inline DomainRow ContractDomain(const std::string& name, int64_t tenant_id = kFirstTenant,
                                const std::string& alias_of = "") {
  DomainRow domain;
  domain.name = name;
  domain.tenant_id = tenant_id;
  domain.alias_of = alias_of;
  return domain;
}

// a.test and b.test of the first tenant, c.test of "acme".
inline void RunDomainContract(Store& store) {
  AuditRow audit = ContractEntry("contract", "x");
  DomainRow domain = ContractDomain("a.test");
  domain.keys = {{"s1", "rsa", "PEM", "v=DKIM1"}};
  ASSERT_TRUE(store.InsertDomain(domain, audit).ok());
  EXPECT_GT(domain.id, 0);
  EXPECT_EQ(store.InsertDomain(domain, audit).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*store.ListKeys(domain.id), domain.keys);
  EXPECT_FALSE(store.FindDomain("b.test")->has_value());
  domain.catch_all = "all@a.test";
  domain.enabled = false;
  ASSERT_TRUE(store.UpdateDomain(domain, audit).ok());
  DomainRow found = **store.FindDomain("a.test");
  EXPECT_EQ(found.catch_all, "all@a.test");
  EXPECT_FALSE(found.enabled);
  EXPECT_EQ(found.tenant, "default");
  EXPECT_TRUE(found.tenant_enabled);
  domain.enabled = true;
  EXPECT_EQ(ReasonOf(store.UpdateDomain(domain, audit)), Reason::kConflict) << "read before";
  found.enabled = true;
  ASSERT_TRUE(store.UpdateDomain(found, audit).ok());
  DomainRow other = ContractDomain("b.test");
  EXPECT_EQ(store.UpdateDomain(other, audit).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.InsertDomain(other, audit).ok());
  EXPECT_EQ(store.ListDomains({}, "", 10)->size(), 2u);
  EXPECT_EQ(store.ListDomains({}, "a.test", 10)->front().name, "b.test");
  EXPECT_EQ(store.ListDomains({kFirstTenant, "b.test"}, "", 10)->size(), 1u);
  EXPECT_EQ(store.ListDomains({kFirstTenant + 1000, ""}, "", 10)->size(), 0u);
}

inline void RunTenantContract(Store& store) {
  AuditRow audit = ContractEntry("contract", "x");
  EXPECT_EQ((*store.FindTenant("default"))->id, kFirstTenant);
  TenantRow acme;
  acme.name = "acme";
  acme.max_domains = 2;
  acme.max_accounts = 1;
  acme.default_quota_bytes = 77;
  ASSERT_TRUE(store.InsertTenant(acme, audit).ok());
  EXPECT_GT(acme.id, kFirstTenant);
  EXPECT_EQ(store.InsertTenant(acme, audit).code(), absl::StatusCode::kAlreadyExists);
  DomainRow c = ContractDomain("c.test", acme.id);
  ASSERT_TRUE(store.InsertDomain(c, audit).ok());
  DomainRow alias = ContractDomain("c2.test", acme.id, "c.test");
  ASSERT_TRUE(store.InsertDomain(alias, audit).ok());
  DomainRow third = ContractDomain("c3.test", acme.id);
  absl::Status over = store.InsertDomain(third, audit);
  EXPECT_EQ(ReasonOf(over), Reason::kOverQuota);
  EXPECT_EQ(MessageOf(over), "the tenant acme may have 2 domains and has 2 already");
  DomainRow nowhere = ContractDomain("d.test", acme.id + 1000);
  EXPECT_EQ(store.InsertDomain(nowhere, audit).code(), absl::StatusCode::kNotFound);
  AccountRow one = ContractAccount("one@c.test");
  ASSERT_TRUE(store.InsertAccount("c.test", one, audit).ok());
  AccountRow two = ContractAccount("two@c.test");
  EXPECT_EQ(ReasonOf(store.InsertAccount("c.test", two, audit)), Reason::kOverQuota);
  AccountRow found = **store.FindAccount("one@c.test");
  EXPECT_EQ(found.tenant_id, acme.id);
  EXPECT_EQ(found.tenant_quota_bytes, 77);
  EXPECT_TRUE(found.active());
  EXPECT_EQ((*store.FindTenant("acme"))->domains, 2);
  EXPECT_EQ((*store.FindTenant("acme"))->accounts, 1);
  EXPECT_EQ(store.ListTenants(0, "", 10)->size(), 2u);
  EXPECT_EQ(store.ListTenants(acme.id, "", 10)->front().name, "acme");

  acme.enabled = false;
  ASSERT_TRUE(store.UpdateTenant(acme, audit).ok());
  EXPECT_FALSE((*store.FindAccount("one@c.test"))->active());
  EXPECT_TRUE((*store.FindAccount("one@c.test"))->enabled);
  EXPECT_FALSE((*store.FindDomain("c.test"))->tenant_enabled);
  acme.enabled = true;
  EXPECT_EQ(ReasonOf(store.UpdateTenant(acme, audit)), Reason::kConflict);
  acme.revision = (*store.FindTenant("acme"))->revision;
  ASSERT_TRUE(store.UpdateTenant(acme, audit).ok());

  // A domain moves with its other names and accounts, where they fit.
  TenantRow small;
  small.name = "small";
  small.max_domains = 1;
  ASSERT_TRUE(store.InsertTenant(small, audit).ok());
  EXPECT_EQ(ReasonOf(store.MoveDomain("c.test", small.id, audit)), Reason::kOverQuota);
  EXPECT_EQ((*store.FindDomain("c2.test"))->tenant_id, acme.id);
  small.max_domains = 2;
  ASSERT_TRUE(store.UpdateTenant(small, audit).ok());
  ASSERT_TRUE(store.MoveDomain("c.test", small.id, audit).ok());
  EXPECT_EQ((*store.FindDomain("c2.test"))->tenant, "small");
  EXPECT_EQ((*store.FindAccount("one@c.test"))->tenant_id, small.id);
  EXPECT_EQ(store.MoveDomain("nothing.test", small.id, audit).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.DeleteTenant("small", audit).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(store.MoveDomain("c.test", acme.id, audit).ok());
  ASSERT_TRUE(store.DeleteTenant("small", audit).ok());
  EXPECT_EQ(store.DeleteTenant("small", audit).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.UpdateTenant(small, audit).code(), absl::StatusCode::kNotFound);
}

inline void RunAccountContract(Store& store) {
  AuditRow audit = ContractEntry("contract", "x");
  AccountRow alice = ContractAccount("alice@a.test");
  EXPECT_EQ(store.InsertAccount("nothing.test", alice, audit).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.InsertAccount("a.test", alice, audit).ok());
  EXPECT_EQ(store.InsertAccount("a.test", alice, audit).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ((*store.FindAccount("alice@a.test"))->credentials.scram_salt, std::string("s\0t", 3));
  EXPECT_EQ((*store.FindAccountById(alice.id))->address, "alice@a.test");
  alice.quota_bytes = 5;
  alice.enabled = false;
  alice.credentials.password_hash = "old";
  ASSERT_TRUE(store.UpdateAccount(alice, false, audit).ok());
  EXPECT_EQ((*store.FindAccount("alice@a.test"))->credentials.password_hash, "$argon2id$x");
  alice.credentials.password_hash = "new";
  EXPECT_EQ(ReasonOf(store.UpdateAccount(alice, true, audit)), Reason::kConflict);
  EXPECT_EQ((*store.FindAccount("alice@a.test"))->credentials.password_hash, "$argon2id$x");
  alice.revision = (*store.FindAccount("alice@a.test"))->revision;
  ASSERT_TRUE(store.UpdateAccount(alice, true, audit).ok());
  AccountRow found = **store.FindAccount("alice@a.test");
  EXPECT_EQ(found.credentials.password_hash, "new");
  EXPECT_EQ(found.quota_bytes, 5);
  EXPECT_FALSE(found.enabled);
  EXPECT_EQ(store.ListAccounts({0, "b.test"}, "", 10)->size(), 0u);
  EXPECT_EQ(store.ListAccounts({kFirstTenant, ""}, "", 10)->size(), 1u);
  EXPECT_EQ(store.DeleteDomain("a.test", audit).code(), absl::StatusCode::kFailedPrecondition);

  AppPasswordRow app{0, "phone", std::string("\0h", 2), {"imap"}, {}, {}};
  ASSERT_TRUE(store.InsertAppPassword(alice.id, app, audit).ok());
  auto listed = *store.ListAppPasswords(alice.id);
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].hash, app.hash);
  EXPECT_EQ(listed[0].last_used_at, absl::InfinitePast());
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  ASSERT_TRUE(store.TouchAppPassword(app.id, now).ok());
  EXPECT_EQ(store.ListAppPasswords(alice.id)->front().last_used_at, now);
  EXPECT_EQ(store.DeleteAppPassword(alice.id, app.id + 1000, audit).code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.DeleteAppPassword(alice.id, app.id, audit).ok());
}

inline void RunAddressContract(Store& store) {
  AuditRow audit = ContractEntry("contract", "x");
  AliasRow alias{"list@a.test", {"alice@a.test", "x@remote.test"}, true};
  EXPECT_EQ(store.InsertAlias("nothing.test", alias, audit).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.InsertAlias("a.test", alias, audit).ok());
  ExpansionRow row = **store.FindExpansion("list@a.test");
  EXPECT_EQ(row.targets, alias.targets);
  EXPECT_TRUE(row.send_as);
  EXPECT_EQ(row.posting, "");
  EXPECT_EQ(row.tenant_id, kFirstTenant);
  EXPECT_EQ(row.domain, "a.test");
  EXPECT_EQ(store.ListAliases({0, "a.test"}, "", 10)->front(), alias);

  GroupRow group;
  group.address = "team@a.test";
  group.display_name = "Team";
  group.posting = "members";
  group.members = {"x@remote.test", "alice@a.test", "Z@remote.test"};
  ASSERT_TRUE(store.InsertGroup("a.test", group, audit).ok());
  EXPECT_GT(group.id, 0);
  GroupRow found = **store.FindGroup("team@a.test");
  EXPECT_EQ(found.members,
            (std::vector<std::string>{"Z@remote.test", "alice@a.test", "x@remote.test"}));
  EXPECT_EQ(found.posting, "members");
  EXPECT_EQ((*store.FindExpansion("team@a.test"))->posting, "members");
  EXPECT_EQ((*store.FindExpansion("team@a.test"))->targets, found.members);
  found.posting = "anyone";
  found.send_as = true;
  ASSERT_TRUE(store.UpdateGroup(found, audit).ok());
  EXPECT_TRUE((*store.FindExpansion("team@a.test"))->send_as);
  EXPECT_EQ(ReasonOf(store.UpdateGroup(found, audit)), Reason::kConflict);

  ASSERT_TRUE(
      store.ChangeMembers(group.id, {"y@b.test", "alice@a.test"}, {"x@remote.test"}, audit).ok());
  EXPECT_EQ((*store.FindGroup("team@a.test"))->members,
            (std::vector<std::string>{"Z@remote.test", "alice@a.test", "y@b.test"}));
  EXPECT_EQ(store.ChangeMembers(group.id, {"new@b.test"}, {"nobody@b.test"}, audit).code(),
            absl::StatusCode::kNotFound);
  std::vector<std::string> many;
  for (size_t i = 0; i < kMaxMembers; ++i) many.push_back(fmt::format("m{}@remote.test", i));
  EXPECT_EQ(ReasonOf(store.ChangeMembers(group.id, many, {}, audit)), Reason::kOverQuota);
  EXPECT_EQ((*store.FindGroup("team@a.test"))->members.size(), 3u) << "all or nothing";

  // One address, one owner.
  AccountRow account = ContractAccount("team@a.test");
  EXPECT_EQ(MessageOf(store.InsertAccount("a.test", account, audit)),
            "a group has the address team@a.test");
  account.address = "list@a.test";
  EXPECT_EQ(store.InsertAccount("a.test", account, audit).code(), absl::StatusCode::kAlreadyExists);
  AliasRow taken{"alice@a.test", {"x@y.test"}, false};
  EXPECT_EQ(store.InsertAlias("a.test", taken, audit).code(), absl::StatusCode::kAlreadyExists);
  group.address = "alice@a.test";
  EXPECT_EQ(store.InsertGroup("a.test", group, audit).code(), absl::StatusCode::kAlreadyExists);

  EXPECT_EQ(store.ListGroups({kFirstTenant, ""}, "", 10)->size(), 1u);
  EXPECT_EQ(store.ListGroups({0, "b.test"}, "", 10)->size(), 0u);
}

inline void RunAttemptContract(Store& store) {
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  auto limits = [](absl::Time at) {
    return AttemptLimits{3, 5, at - absl::Minutes(10), at - absl::Hours(1), at - absl::Hours(24)};
  };
  auto reserve = [&](const AttemptKeys& keys, absl::Time at) {
    auto counts = store.ReserveAttempt(keys, limits(at), at);
    EXPECT_TRUE(counts.ok()) << counts.status();
    return *counts;
  };
  AttemptKeys bob{"bob@a.test", "192.0.2.1", "192.0.2.0/24"};
  for (int i = 1; i <= 3; ++i) {
    AttemptCounts counts = reserve(bob, now);
    EXPECT_EQ(counts.of_pair, i);
    EXPECT_EQ(counts.of_network, i);
    EXPECT_EQ(counts.of_login, i);
  }
  AttemptCounts over = reserve(bob, now);
  EXPECT_EQ(over.of_pair, 4);
  EXPECT_EQ(over.of_network, 0) << "who is refused anyway locks nobody else out";
  EXPECT_EQ(over.of_login, 0);
  // Another address of the network: five are its limit.
  AttemptKeys beside{"bob@a.test", "192.0.2.2", "192.0.2.0/24"};
  EXPECT_EQ(reserve(beside, now).of_network, 4);
  EXPECT_EQ(reserve(beside, now).of_login, 5);
  EXPECT_EQ(reserve(beside, now).of_network, 6);
  EXPECT_EQ(reserve({"eve@a.test", "192.0.2.3", "192.0.2.0/24"}, now).of_login, 0);
  // Windows end by themselves.
  absl::Time later = now + absl::Minutes(11);
  EXPECT_EQ(reserve(bob, later).of_pair, 1);
  EXPECT_GT(reserve(bob, later).of_network, 5);
  EXPECT_EQ(reserve(bob, later + absl::Hours(1)).of_network, 1);

  // A success is taken back, and its client known.
  AttemptKeys amy{"amy@a.test", "198.51.100.1", "198.51.100.0/24"};
  AttemptCounts counts = reserve(amy, now);
  ASSERT_TRUE(store.SettleAttempt(amy, counts, AttemptEnd::kSuccess, now).ok());
  counts = reserve(amy, now);
  EXPECT_EQ(counts.of_pair, 1);
  EXPECT_EQ(counts.of_network, 0) << "a known address is not counted by its network";
  EXPECT_EQ(counts.of_login, 0) << "a known network is not counted by the user name";
  counts = reserve({"amy@a.test", "198.51.100.2", "198.51.100.0/24"}, now);
  EXPECT_EQ(counts.of_network, 1);
  EXPECT_EQ(counts.of_login, 0);
  counts = reserve({"zoe@a.test", "198.51.100.1", "198.51.100.0/24"}, now);
  EXPECT_EQ(counts.of_login, 1) << "known for one user, not for all";
  counts = reserve(amy, now + absl::Hours(25));
  EXPECT_EQ(counts.of_login, 1) << "known for a while only";
  // Trouble of ours takes it back as well, but makes nobody known.
  AttemptKeys tim{"tim@a.test", "203.0.113.1", "203.0.113.0/24"};
  ASSERT_TRUE(store.SettleAttempt(tim, reserve(tim, now), AttemptEnd::kUnknown, now).ok());
  EXPECT_EQ(reserve(tim, now).of_login, 1);

  ASSERT_TRUE(store.PurgeAttempts(now + absl::Hours(48), now + absl::Hours(48)).ok());
  EXPECT_EQ(reserve(amy, now).of_login, 1) << "forgotten";
  EXPECT_EQ(*store.Secret("scram-salts"), *store.Secret("scram-salts"));
}

// Guesses that come at once cannot pass a limit together, and nobody waits for nobody in a circle.
inline void RunBurstContract(Store& store) {
  absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  AttemptLimits limits{10, 100, now - absl::Minutes(10), now - absl::Hours(1),
                       now - absl::Hours(24)};
  std::atomic<int> within{0}, failed{0}, settled{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      AttemptKeys same{"burst@a.test", "192.0.2.1", "192.0.2.0/24"};
      AttemptKeys good{fmt::format("good{}@a.test", t % 2), "192.0.2.9", "192.0.2.0/24"};
      for (int i = 0; i < 25; ++i) {
        auto counts = store.ReserveAttempt(same, limits, now);
        failed += counts.ok() ? 0 : 1;
        if (counts.ok() && counts->of_pair <= limits.of_pair) ++within;
        auto right = store.ReserveAttempt(good, limits, now);
        bool back = right.ok() && store.SettleAttempt(good, *right, AttemptEnd::kSuccess, now).ok();
        settled += back ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(within, limits.of_pair);
  EXPECT_EQ(settled, 200);
}

inline void RunAuditContract(Store& store) {
  size_t before = store.ListAudit({}, 0, 1000)->size();
  // A change that fails leaves no entry.
  DomainRow twice = ContractDomain("a.test");
  EXPECT_FALSE(store.InsertDomain(twice, ContractEntry("domain.create", "a.test")).ok());
  EXPECT_EQ(store.ListAudit({}, 0, 1000)->size(), before);
  DomainRow domain = ContractDomain("audit.test");
  ASSERT_TRUE(store.InsertDomain(domain, ContractEntry("domain.create", "audit.test")).ok());
  ASSERT_TRUE(store.DeleteDomain("audit.test", ContractEntry("domain.delete", "audit.test")).ok());
  auto rows = *store.ListAudit({kFirstTenant, "root@a.test", "audit.test"}, 0, 10);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].action, "domain.delete") << "the newest first";
  EXPECT_EQ(rows[1].action, "domain.create");
  EXPECT_EQ(rows[1].caller, "web");
  EXPECT_EQ(rows[1].detail, "detail");
  EXPECT_GT(rows[1].at, absl::UnixEpoch());
  EXPECT_EQ(store.ListAudit({0, "", "audit.test"}, rows[0].id, 10)->size(), 1u);
  EXPECT_EQ(store.ListAudit({0, "nobody", ""}, 0, 10)->size(), 0u);
  EXPECT_EQ(store.ListAudit({kFirstTenant + 1000, "", ""}, 0, 10)->size(), 0u);
}

inline void RunEndContract(Store& store) {
  AuditRow audit = ContractEntry("contract", "x");
  ASSERT_TRUE(store.DeleteAccount("alice@a.test", audit).ok());
  EXPECT_EQ(store.DeleteAccount("alice@a.test", audit).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ((*store.FindGroup("team@a.test"))->members,
            (std::vector<std::string>{"Z@remote.test", "y@b.test"}))
      << "whoever gets the address next is no member";
  ASSERT_TRUE(store.DeleteAlias("list@a.test", audit).ok());
  EXPECT_EQ(store.DeleteAlias("list@a.test", audit).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.DeleteDomain("a.test", audit).ok());
  EXPECT_EQ(store.DeleteDomain("a.test", audit).code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(store.FindGroup("team@a.test")->has_value()) << "groups go with their domain";
  EXPECT_EQ(store.DeleteGroup("team@a.test", audit).code(), absl::StatusCode::kNotFound);
}

inline void RunStoreContract(Store& store) {
  RunDomainContract(store);
  RunTenantContract(store);
  RunAccountContract(store);
  RunAddressContract(store);
  RunAttemptContract(store);
  RunBurstContract(store);
  RunAuditContract(store);
  RunEndContract(store);
}

}  // namespace pennypost::directory
