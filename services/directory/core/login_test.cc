#include "services/directory/core/login.h"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <limits>
#include <thread>

#include "services/directory/core/fake_house.h"

namespace pennypost::directory {
namespace {

class LoginTest : public FakeHouse {
 protected:
  static LoginAttempt From(const std::string& user, const std::string& network, int host) {
    return {user, "imap", fmt::format("{}.{}", network, host), network + ".0/24"};
  }
  bool Check(const LoginAttempt& attempt, const std::string& password) {
    return login_.CheckPassword(attempt, password).account.ok();
  }

  Login login_{store_, clock_, {.cost = kCheap}};
  LoginAttempt home_ = From("bob@example.test", "192.0.2", 1);
};

TEST_F(LoginTest, TheUserByAnySpelling) {
  EXPECT_TRUE(Check(home_, "secret"));
  EXPECT_TRUE(Check(From("BOB@other.test", "192.0.2", 1), "secret"));
  EXPECT_FALSE(Check(home_, "Secret"));
  EXPECT_FALSE(Check(From("bob", "192.0.2", 1), "secret"));
}

TEST_F(LoginTest, TenGuessesAtAUserFromAnAddress) {
  absl::Duration last = absl::ZeroDuration();
  for (int i = 0; i < 10; ++i) {
    // Under each name of the domain it is the same user.
    LoginAttempt attempt = home_;
    if (i % 2 == 1) attempt.user = "Bob@OTHER.test";
    LoginOutcome outcome = login_.CheckPassword(attempt, "wrong");
    EXPECT_EQ(outcome.account.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_GE(outcome.delay, last);
    last = outcome.delay;
  }
  EXPECT_EQ(last, absl::Seconds(8));
  LoginOutcome locked = login_.CheckPassword(home_, "secret");
  EXPECT_FALSE(locked.account.ok());
  EXPECT_EQ(MessageOf(locked.account.status()), "wrong user name or password");
  EXPECT_TRUE(Check(From("bob@example.test", "192.0.2", 2), "secret")) << "elsewhere he is not";
  clock_.Advance(absl::Minutes(11));
  EXPECT_TRUE(Check(home_, "secret"));
}

TEST_F(LoginTest, RightPasswordsAreNotCounted) {
  for (int i = 0; i < 300; ++i) EXPECT_TRUE(Check(home_, "secret"));
  EXPECT_TRUE(Check(From("eve@example.test", "192.0.2", 1), "hidden"));
}

TEST_F(LoginTest, GuessesFromEverywhereDoNotLockTheOwnerOut) {
  ASSERT_TRUE(Check(home_, "secret"));
  for (int i = 0; i < 60; ++i) Check(From("bob@example.test", fmt::format("10.0.{}", i), 1), "x");
  EXPECT_FALSE(Check(From("bob@example.test", "203.0.113", 9), "secret"));
  EXPECT_TRUE(Check(home_, "secret"));
  EXPECT_TRUE(Check(From("bob@example.test", "192.0.2", 200), "secret")) << "his network";
  EXPECT_TRUE(Check(From("eve@example.test", "203.0.113", 9), "hidden")) << "others are free";
  clock_.Advance(absl::Minutes(61));
  EXPECT_TRUE(Check(From("bob@example.test", "203.0.113", 9), "secret"));
}

TEST_F(LoginTest, AHundredGuessesFromANetwork) {
  ASSERT_TRUE(Check(home_, "secret"));
  for (int i = 0; i < 110; ++i)
    Check(From(fmt::format("user{}@example.test", i), "192.0.2", i + 2), "guess");
  EXPECT_FALSE(Check(From("eve@example.test", "192.0.2", 250), "hidden"));
  EXPECT_TRUE(Check(home_, "secret")) << "known at this address";
  EXPECT_TRUE(Check(From("eve@example.test", "198.51.100", 1), "hidden"));
  clock_.Advance(absl::Minutes(61));
  EXPECT_TRUE(Check(From("eve@example.test", "192.0.2", 250), "hidden"));
}

// P1: what comes at once is counted one by one.
TEST_F(LoginTest, AParallelBurstCannotPassTheLimit) {
  AccountChange change;
  change.password = "42";
  ASSERT_TRUE(admin_.UpdateAccount(root_, "bob@example.test", change).ok());
  std::atomic<int> next{100}, in{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 10; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) in += Check(home_, std::to_string(next--)) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(in, 0) << "the 58th guess would have been right";
  // SCRAM shares the count: a proof that is right comes too late.
  EXPECT_FALSE(login_.FinishScram(home_, true).account.ok());
}

TEST_F(LoginTest, ScramIsCountedAsPasswordsAre) {
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(login_.FinishScram(home_, false).account.ok());
  EXPECT_FALSE(Check(home_, "secret"));
  LoginAttempt office = From("bob@example.test", "192.0.2", 7);
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(login_.FinishScram(office, true).account.ok());
}

TEST_F(LoginTest, LaboratoriesSwitchTheLimitsOff) {
  Login open(store_, clock_, {.cost = kCheap, .delays = false});
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(open.CheckPassword(home_, "wrong").delay, absl::ZeroDuration());
  EXPECT_TRUE(open.CheckPassword(home_, "secret").account.ok());
  EXPECT_TRUE(Check(home_, "secret")) << "nothing was counted";
}

TEST_F(LoginTest, ASwitchedOffTenantIsAWrongPassword) {
  LoginAttempt attempt = From("mallory@rival.test", "192.0.2", 1);
  EXPECT_TRUE(Check(attempt, "rival"));
  SetTenant("rival", false);
  LoginOutcome right = login_.CheckPassword(attempt, "rival");
  EXPECT_EQ(MessageOf(right.account.status()), "wrong user name or password");
  EXPECT_GT(right.delay, absl::ZeroDuration()) << "counted as one";
  EXPECT_FALSE(login_.FinishScram(attempt, true).account.ok());
  SetTenant("rival", true);
  EXPECT_TRUE(Check(attempt, "rival"));
}

TEST_F(LoginTest, InventedScramKeysStay) {
  auto once = login_.GetScramChallenge("nobody@example.test");
  Login another(store_, clock_, {.cost = kCheap});
  auto again = another.GetScramChallenge("NOBODY@other.test");
  ASSERT_TRUE(once.ok() && again.ok());
  EXPECT_EQ(once->salt, again->salt) << "after a restart and from another process, too";
  EXPECT_EQ(once->salt.size(), login_.GetScramChallenge("bob@example.test")->salt.size());
  EXPECT_NE(once->salt, login_.GetScramChallenge("somebody@example.test")->salt);
}

// P2: whatever the reason, an answer costs one password hash.
TEST_F(LoginTest, AllRefusalsCostTheSame) {
  PasswordCost dear{19456, 2};
  Admin admin(store_, recipients_, dear);
  AccountChange change;
  change.password = "dear";
  ASSERT_TRUE(admin.UpdateAccount(root_, "bob@example.test", change).ok());
  ASSERT_TRUE(admin.UpdateAccount(root_, "mallory@rival.test", change).ok());
  SetTenant("rival", false);
  Login login(store_, clock_, {.cost = dear, .delays = false});
  struct Case {
    const char* user;
    const char* password;
    clock_t least = std::numeric_limits<clock_t>::max();
  };
  std::vector<Case> cases = {{"bob@example.test", "wrong"},  {"nobody@example.test", "x"},
                             {"x@nowhere.test", "x"},        {"no address", "x"},
                             {"mallory@rival.test", "dear"}, {"mallory@rival.test", "wrong"}};
  // In turns, and the least of each: what else the machine does can only add to it.
  for (int round = 0; round < 9; ++round) {
    for (Case& c : cases) {
      clock_t begin = clock();
      EXPECT_FALSE(login.CheckPassword(From(c.user, "192.0.2", 1), c.password).account.ok());
      c.least = std::min(c.least, clock() - begin);
    }
  }
  for (const Case& c : cases) {
    double ratio = static_cast<double>(c.least) / static_cast<double>(cases[0].least);
    EXPECT_GT(ratio, 0.6) << c.user;
    EXPECT_LT(ratio, 1.6) << c.user;
  }
}

TEST_F(LoginTest, NamesOfAnyBytes) {
  for (const std::string& name : {std::string("a\0b@example.test", 16), std::string("\xff\xfe@x"),
                                  std::string(5000, 'x'), std::string(), std::string("' OR 1=1")}) {
    LoginOutcome outcome = login_.CheckPassword({name, "imap", "192.0.2.1", "192.0.2.0/24"}, "x");
    EXPECT_EQ(outcome.account.status().code(), absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(LoginTest, AChangedPasswordCountsAtOnce) {
  ASSERT_TRUE(Check(home_, "secret"));
  AccountChange change;
  change.password = "new";
  ASSERT_TRUE(admin_.UpdateAccount(root_, "bob@example.test", change).ok());
  EXPECT_FALSE(Check(home_, "secret"));
  EXPECT_TRUE(Check(home_, "new"));
}

TEST_F(LoginTest, TroubleOfOursIsNeverAWrongPassword) {
  store_.SetDownForTest(UnavailableError("down"));
  LoginOutcome outcome = login_.CheckPassword(home_, "wrong");
  EXPECT_EQ(outcome.account.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(login_.FinishScram(home_, true).account.status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(LoginTest, AppPasswordsAreLimitedToTheirProtocols) {
  AppPasswordRow row;
  row.label = "phone";
  row.protocols = {"imap"};
  auto password = admin_.CreateAppPassword(root_, "bob@example.test", row);
  ASSERT_TRUE(password.ok());
  EXPECT_TRUE(Check(home_, *password));
  LoginAttempt smtp = home_;
  smtp.protocol = "smtp";
  EXPECT_FALSE(Check(smtp, *password));
  ASSERT_TRUE(admin_.DeleteAppPassword(root_, "bob@example.test", row.id).ok());
  EXPECT_FALSE(Check(home_, *password));
}

}  // namespace
}  // namespace pennypost::directory
