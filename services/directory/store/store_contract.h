#pragma once
// What every Store does. Run on MemoryStore (unit) and on PgStore (integration), each time on an
// empty one.

#include <gtest/gtest.h>

#include "services/directory/store/store.h"

namespace pennypost::directory {

inline AccountRow ContractAccount(const std::string& address) {
  AccountRow account;
  account.address = address;
  account.display_name = "N";
  account.credentials = {"$argon2id$x", std::string("s\0t", 3), 4096, "stored", "server"};
  return account;
}

inline void RunStoreContract(Store& store) {
  DomainRow domain;
  domain.name = "a.test";
  domain.keys = {{"s1", "rsa", "PEM", "v=DKIM1"}};
  ASSERT_TRUE(store.InsertDomain(domain).ok());
  EXPECT_GT(domain.id, 0);
  EXPECT_EQ(store.InsertDomain(domain).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ((*store.FindDomain("a.test"))->keys, domain.keys);
  EXPECT_FALSE(store.FindDomain("b.test")->has_value());
  domain.catch_all = "all@a.test";
  domain.enabled = false;
  ASSERT_TRUE(store.UpdateDomain(domain).ok());
  EXPECT_EQ((*store.FindDomain("a.test"))->catch_all, "all@a.test");
  EXPECT_FALSE((*store.FindDomain("a.test"))->enabled);
  DomainRow other;
  other.name = "b.test";
  EXPECT_EQ(store.UpdateDomain(other).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.InsertDomain(other).ok());
  EXPECT_EQ(store.ListDomains("", 10)->size(), 2u);
  EXPECT_EQ(store.ListDomains("a.test", 10)->front().name, "b.test");

  AccountRow alice = ContractAccount("alice@a.test");
  EXPECT_EQ(store.InsertAccount("c.test", alice).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.InsertAccount("a.test", alice).ok());
  EXPECT_EQ(store.InsertAccount("a.test", alice).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ((*store.FindAccount("alice@a.test"))->credentials.scram_salt, std::string("s\0t", 3));
  EXPECT_EQ((*store.FindAccountById(alice.id))->address, "alice@a.test");
  alice.quota_bytes = 5;
  alice.enabled = false;
  alice.credentials.password_hash = "old";
  ASSERT_TRUE(store.UpdateAccount(alice, false).ok());
  EXPECT_EQ((*store.FindAccount("alice@a.test"))->credentials.password_hash, "$argon2id$x");
  alice.credentials.password_hash = "new";
  ASSERT_TRUE(store.UpdateAccount(alice, true).ok());
  EXPECT_EQ((*store.FindAccount("alice@a.test"))->credentials.password_hash, "new");
  EXPECT_EQ((*store.FindAccount("alice@a.test"))->quota_bytes, 5);
  EXPECT_FALSE((*store.FindAccount("alice@a.test"))->enabled);
  EXPECT_EQ(store.ListAccounts("b.test", "", 10)->size(), 0u);
  EXPECT_EQ(store.ListAccounts("", "", 10)->size(), 1u);
  EXPECT_EQ(store.DeleteDomain("a.test").code(), absl::StatusCode::kFailedPrecondition);

  AliasRow alias{"list@a.test", {"alice@a.test", "x@remote.test"}, true};
  EXPECT_EQ(store.InsertAlias("c.test", alias).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.InsertAlias("a.test", alias).ok());
  EXPECT_EQ(**store.FindAlias("list@a.test"), alias);
  AliasRow taken{"alice@a.test", {"x@y.test"}, false};
  EXPECT_EQ(store.InsertAlias("a.test", taken).code(), absl::StatusCode::kAlreadyExists);
  AccountRow clash = ContractAccount("list@a.test");
  EXPECT_EQ(store.InsertAccount("a.test", clash).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(store.ListAliases("a.test", "", 10)->size(), 1u);

  AppPasswordRow app{0, "phone", std::string("\0h", 2), {"imap"}, {}, {}};
  ASSERT_TRUE(store.InsertAppPassword(alice.id, app).ok());
  auto listed = *store.ListAppPasswords(alice.id);
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].hash, app.hash);
  EXPECT_EQ(listed[0].last_used_at, absl::InfinitePast());
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  ASSERT_TRUE(store.TouchAppPassword(app.id, now).ok());
  EXPECT_EQ(store.ListAppPasswords(alice.id)->front().last_used_at, now);
  EXPECT_EQ(store.DeleteAppPassword(alice.id, app.id + 1000).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.DeleteAppPassword(alice.id, app.id).ok());

  absl::Time since = now - absl::Minutes(10);
  EXPECT_EQ(*store.CountFailures("l", "n", since), 0);
  EXPECT_EQ(*store.AddFailure("l", "n", now, since), 1);
  EXPECT_EQ(*store.AddFailure("l", "n", now, since), 2);
  EXPECT_EQ(*store.CountFailures("l", "n", since), 2);
  EXPECT_EQ(*store.CountFailures("l", "m", since), 0);
  absl::Time later = now + absl::Minutes(11);
  EXPECT_EQ(*store.CountFailures("l", "n", later - absl::Minutes(10)), 0);
  EXPECT_EQ(*store.AddFailure("l", "n", later, later - absl::Minutes(10)), 1);
  ASSERT_TRUE(store.ClearFailures("l", "n").ok());
  EXPECT_EQ(*store.CountFailures("l", "n", later - absl::Minutes(10)), 0);

  ASSERT_TRUE(store.DeleteAccount("alice@a.test").ok());
  EXPECT_EQ(store.DeleteAccount("alice@a.test").code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.DeleteAlias("list@a.test").ok());
  EXPECT_EQ(store.DeleteAlias("list@a.test").code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store.DeleteDomain("a.test").ok());
  EXPECT_EQ(store.DeleteDomain("a.test").code(), absl::StatusCode::kNotFound);
}

}  // namespace pennypost::directory
