#include <gtest/gtest.h>

#include "services/directory/core/admin.h"
#include "services/directory/core/login.h"
#include "services/directory/core/recipients.h"
#include "services/directory/store/memory_store.h"
#include "services/directory/store/store_contract.h"
#include "testing/fake_clock.h"

namespace pennypost::directory {
namespace {

// Cheap on purpose: these tests are about rules, not about cost.
constexpr PasswordCost kCheap{64, 1};

TEST(DirectoryMemoryStore, Contract) {
  MemoryStore store;
  RunStoreContract(store);
}

class DirectoryTest : public ::testing::Test {
 protected:
  DirectoryTest() {
    EXPECT_TRUE(admin_.CreateDomain("Example.TEST", "", "").ok());
    EXPECT_TRUE(admin_.CreateDomain("other.test", "example.test", "").ok());
    EXPECT_TRUE(admin_.CreateAccount("Bob@example.test", "secret", {}).ok());
    EXPECT_TRUE(admin_.CreateAccount("eve@example.test", "hidden", {}).ok());
  }
  Resolution Resolve(const std::string& address) {
    RecipientResolver resolver(store_, {"+", 1000});
    auto result = resolver.Resolve(address);
    EXPECT_TRUE(result.ok()) << address << ": " << result.status();
    return result.value_or(Resolution{});
  }

  MemoryStore store_;
  testing::FakeClock clock_;
  Admin admin_{store_, kCheap};
};

TEST_F(DirectoryTest, AccountsByAnySpelling) {
  for (const char* address :
       {"bob@example.test", "BOB@EXAMPLE.TEST", "bob@other.test", "\"bob\"@example.test"}) {
    Resolution r = Resolve(address);
    ASSERT_EQ(r.kind, Resolution::Kind::kDeliverable) << address;
    EXPECT_EQ(r.targets[0].address, "bob@example.test");
    EXPECT_EQ(r.targets[0].quota_bytes, 1000);
  }
  EXPECT_EQ(Resolve("bob+lists@example.test").targets[0].detail, "lists");
  EXPECT_EQ(Resolve("nobody@example.test").kind, Resolution::Kind::kUnknownUser);
  EXPECT_EQ(Resolve("+bob@example.test").kind, Resolution::Kind::kUnknownUser);
  EXPECT_EQ(Resolve("x@remote.test").kind, Resolution::Kind::kRemoteDomain);
}

TEST_F(DirectoryTest, AliasesExpandOnceAndLoopsEnd) {
  ASSERT_TRUE(admin_
                  .CreateAlias("team@example.test",
                               {"bob@example.test", "all@example.test", "x@remote.test"}, false)
                  .ok());
  ASSERT_TRUE(admin_
                  .CreateAlias("all@example.test",
                               {"team@example.test", "bob@other.test", "eve@example.test"}, false)
                  .ok());
  Resolution r = Resolve("team@example.test");
  EXPECT_EQ(r.kind, Resolution::Kind::kDeliverable);
  EXPECT_EQ(r.targets.size(), 3u);  // bob once, eve, x@remote.test
  ASSERT_TRUE(admin_.CreateAlias("a@example.test", {"b@example.test"}, false).ok());
  ASSERT_TRUE(admin_.CreateAlias("b@example.test", {"a@example.test"}, false).ok());
  EXPECT_EQ(Resolve("a@example.test").kind, Resolution::Kind::kLoop);
}

TEST_F(DirectoryTest, CatchAllAndDisabled) {
  ASSERT_TRUE(admin_.UpdateDomain("example.test", "eve@example.test", std::nullopt).ok());
  EXPECT_EQ(Resolve("nobody@example.test").targets[0].address, "eve@example.test");
  EXPECT_EQ(Resolve("nobody@other.test").targets[0].address, "eve@example.test");
  AccountChange off;
  off.enabled = false;
  ASSERT_TRUE(admin_.UpdateAccount("bob@example.test", off).ok());
  EXPECT_EQ(Resolve("bob@example.test").kind, Resolution::Kind::kDisabled);
  // A catch-all to an address that does not exist does not run in a circle.
  ASSERT_TRUE(admin_.UpdateDomain("example.test", "gone@example.test", std::nullopt).ok());
  EXPECT_EQ(Resolve("nobody@example.test").kind, Resolution::Kind::kLoop);
}

TEST_F(DirectoryTest, LoginsAndTheirLimits) {
  Login login(store_, clock_, {.cost = kCheap});
  LoginAttempt attempt{"bob@example.test", "imap", "192.0.2.1"};
  EXPECT_TRUE(login.CheckPassword(attempt, "secret").account.ok());
  EXPECT_TRUE(login.CheckPassword({"BOB@other.test", "imap", "192.0.2.1"}, "secret").account.ok());
  absl::Duration last = absl::ZeroDuration();
  for (int i = 0; i < 10; ++i) {
    LoginOutcome outcome = login.CheckPassword(attempt, "wrong");
    EXPECT_EQ(outcome.account.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_GE(outcome.delay, last);
    last = outcome.delay;
  }
  EXPECT_EQ(last, absl::Seconds(8));
  EXPECT_FALSE(login.CheckPassword(attempt, "secret").account.ok()) << "locked out";
  EXPECT_TRUE(login.CheckPassword({"bob@example.test", "imap", "192.0.2.2"}, "secret").account.ok())
      << "the owner elsewhere is not";
  clock_.Advance(absl::Minutes(11));
  EXPECT_TRUE(login.CheckPassword(attempt, "secret").account.ok());
}

TEST_F(DirectoryTest, GuessesFromEverywhereDoNotLockTheOwnerOut) {
  Login login(store_, clock_, {.cost = kCheap});
  LoginAttempt owner{"bob@example.test", "imap", "192.0.2.1"};
  ASSERT_TRUE(login.CheckPassword(owner, "secret").account.ok());
  for (int i = 0; i < 60; ++i) {
    login.CheckPassword({"bob@example.test", "imap", "198.51.100." + std::to_string(i)}, "guess");
  }
  EXPECT_FALSE(
      login.CheckPassword({"bob@example.test", "imap", "203.0.113.9"}, "secret").account.ok());
  EXPECT_TRUE(login.CheckPassword(owner, "secret").account.ok());
  // One network that tries many names is stopped too.
  for (int i = 0; i < 101; ++i) {
    login.CheckPassword({"user" + std::to_string(i) + "@example.test", "imap", "192.0.2.7"},
                        "guess");
  }
  EXPECT_FALSE(
      login.CheckPassword({"eve@example.test", "imap", "192.0.2.7"}, "hidden").account.ok());
}

TEST_F(DirectoryTest, AChangedPasswordCountsAtOnce) {
  Login login(store_, clock_, {.cost = kCheap});
  LoginAttempt attempt{"bob@example.test", "imap", "192.0.2.1"};
  ASSERT_TRUE(login.CheckPassword(attempt, "secret").account.ok());
  AccountChange change;
  change.password = "new";
  ASSERT_TRUE(admin_.UpdateAccount("bob@example.test", change).ok());
  EXPECT_FALSE(login.CheckPassword(attempt, "secret").account.ok());
  EXPECT_TRUE(login.CheckPassword(attempt, "new").account.ok());
}

TEST_F(DirectoryTest, TroubleOfOursIsNeverAWrongPassword) {
  Login login(store_, clock_, {.cost = kCheap});
  store_.SetDownForTest(UnavailableError("down"));
  LoginOutcome outcome = login.CheckPassword({"bob@example.test", "imap", "n"}, "wrong");
  EXPECT_EQ(outcome.account.status().code(), absl::StatusCode::kUnavailable);
  RecipientResolver resolver(store_, {});
  EXPECT_EQ(resolver.Resolve("nobody@example.test").status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(DirectoryTest, AppPasswordsAreLimitedToTheirProtocols) {
  Login login(store_, clock_, {.cost = kCheap});
  AppPasswordRow row;
  row.label = "phone";
  row.protocols = {"imap"};
  auto password = admin_.CreateAppPassword("bob@example.test", row);
  ASSERT_TRUE(password.ok());
  EXPECT_TRUE(login.CheckPassword({"bob@example.test", "imap", "n"}, *password).account.ok());
  EXPECT_FALSE(login.CheckPassword({"bob@example.test", "smtp", "n"}, *password).account.ok());
  ASSERT_TRUE(
      store_.DeleteAppPassword(store_.FindAccount("bob@example.test")->value().id, row.id).ok());
  EXPECT_FALSE(login.CheckPassword({"bob@example.test", "imap", "n"}, *password).account.ok());
}

TEST_F(DirectoryTest, SendersBelongToTheirAccount) {
  ASSERT_TRUE(admin_.CreateAlias("sales@example.test", {"bob@example.test"}, true).ok());
  ASSERT_TRUE(admin_.CreateAlias("info@example.test", {"bob@example.test"}, false).ok());
  int64_t bob = (*store_.FindAccount("bob@example.test"))->id;
  auto refused = admin_.ForeignSenders(
      bob, {"bob@example.test", "Bob+x@other.test", "sales@example.test", "info@example.test",
            "eve@example.test", "x@remote.test", "nonsense"});
  EXPECT_EQ(*refused, (std::vector<std::string>{"info@example.test", "eve@example.test",
                                                "x@remote.test", "nonsense"}));
}

TEST_F(DirectoryTest, AdminSaysWhatIsWrong) {
  EXPECT_EQ(MessageOf(admin_.CreateAccount("x@nowhere.test", "p", {}).status()),
            "no such domain: nowhere.test");
  EXPECT_EQ(MessageOf(admin_.CreateAccount("bob@example.test", "p", {}).status()),
            "the account bob@example.test exists already");
  EXPECT_EQ(admin_.CreateAccount("new@example.test", "", {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(admin_.CreateDomain("bad_domain..x", "", "").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*admin_.GetDomain("example.test")).keys.size(), 2u);
}

}  // namespace
}  // namespace pennypost::directory
