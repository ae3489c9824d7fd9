#include "services/directory/core/recipients.h"

#include "services/directory/core/fake_house.h"

namespace pennypost::directory {
namespace {

using Kind = Resolution::Kind;

class RecipientsTest : public FakeHouse {
 protected:
  Resolution Resolve(const std::string& address, const Poster* poster = nullptr) {
    auto result = recipients_.Resolve(address, poster);
    EXPECT_TRUE(result.ok()) << address << ": " << result.status();
    return result.value_or(Resolution{});
  }
  Kind KindFor(const std::string& address, const Poster& poster) {
    return Resolve(address, &poster).kind;
  }
  Poster User(const std::string& address) { return {IdOf(address), address}; }
};

std::vector<std::string> Addresses(const Resolution& resolution) {
  std::vector<std::string> addresses;
  for (const Target& target : resolution.targets) addresses.push_back(target.address);
  return addresses;
}

TEST_F(RecipientsTest, AccountsByAnySpelling) {
  for (const char* address :
       {"bob@example.test", "BOB@EXAMPLE.TEST", "bob@other.test", "\"bob\"@example.test"}) {
    Resolution r = Resolve(address);
    ASSERT_EQ(r.kind, Kind::kDeliverable) << address;
    EXPECT_EQ(r.targets[0].address, "bob@example.test");
    EXPECT_EQ(r.targets[0].quota_bytes, 1000);
  }
  EXPECT_EQ(Resolve("bob+lists@example.test").targets[0].detail, "lists");
  EXPECT_EQ(Resolve("nobody@example.test").kind, Kind::kUnknownUser);
  EXPECT_EQ(Resolve("+bob@example.test").kind, Kind::kUnknownUser);
  EXPECT_EQ(Resolve("x@remote.test").kind, Kind::kRemoteDomain);
}

TEST_F(RecipientsTest, QuotasOfAccountTenantAndPlatform) {
  TenantChange change;
  change.default_quota_bytes = 500;
  ASSERT_TRUE(admin_.UpdateTenant(root_, "rival", change).ok());
  EXPECT_EQ(Resolve("mallory@rival.test").targets[0].quota_bytes, 500);
  AccountChange own;
  own.quota_bytes = 7;
  ASSERT_TRUE(admin_.UpdateAccount(root_, "mallory@rival.test", own).ok());
  EXPECT_EQ(Resolve("mallory@rival.test").targets[0].quota_bytes, 7);
}

TEST_F(RecipientsTest, AliasesAndGroupsExpandOnceAndLoopsEnd) {
  MakeAlias("team@example.test", {"bob@example.test", "all@example.test", "x@remote.test"});
  MakeGroup("all@example.test", "anyone",
            {"team@example.test", "bob@other.test", "eve@example.test"});
  Resolution r = Resolve("team@example.test");
  EXPECT_EQ(r.kind, Kind::kDeliverable);
  EXPECT_EQ(Addresses(r),
            (std::vector<std::string>{"bob@example.test", "eve@example.test", "x@remote.test"}));
  EXPECT_EQ(Resolve("all@example.test").targets.size(), 3u);
  MakeAlias("a@example.test", {"b@example.test"});
  MakeAlias("b@example.test", {"a@example.test"});
  EXPECT_EQ(Resolve("a@example.test").kind, Kind::kLoop);
}

TEST_F(RecipientsTest, CatchAllAndDisabled) {
  DomainChange change;
  change.catch_all = "eve@example.test";
  ASSERT_TRUE(admin_.UpdateDomain(root_, "example.test", change).ok());
  EXPECT_EQ(Resolve("nobody@example.test").targets[0].address, "eve@example.test");
  EXPECT_EQ(Resolve("nobody@other.test").targets[0].address, "eve@example.test");
  AccountChange off;
  off.enabled = false;
  ASSERT_TRUE(admin_.UpdateAccount(root_, "bob@example.test", off).ok());
  EXPECT_EQ(Resolve("bob@example.test").kind, Kind::kDisabled);
  // A catch-all to an address that does not exist does not run in a circle.
  change.catch_all = "gone@example.test";
  ASSERT_TRUE(admin_.UpdateDomain(root_, "example.test", change).ok());
  EXPECT_EQ(Resolve("nobody@example.test").kind, Kind::kLoop);
  DomainChange closed;
  closed.enabled = false;
  ASSERT_TRUE(admin_.UpdateDomain(root_, "example.test", closed).ok());
  EXPECT_EQ(Resolve("eve@example.test").kind, Kind::kDisabled);
  MakeAlias("x@example.test", {"x@remote.test"});
  EXPECT_EQ(Resolve("x@other.test").kind, Kind::kDisabled) << "under each of its names";
}

TEST_F(RecipientsTest, MailForASuspendedTenantWaits) {
  MakeAlias("both@example.test", {"bob@example.test", "mallory@rival.test"});
  MakeAlias("over@example.test", {"mallory@rival.test"});
  SetTenant("rival", false);
  EXPECT_EQ(Resolve("mallory@rival.test").kind, Kind::kSuspended);
  EXPECT_EQ(Resolve("nobody@rival.test").kind, Kind::kSuspended) << "tells nothing";
  EXPECT_EQ(Resolve("over@example.test").kind, Kind::kSuspended);
  // Among others it is kept for later, by relay, as for an address elsewhere.
  Resolution both = Resolve("both@example.test");
  EXPECT_EQ(both.kind, Kind::kDeliverable);
  ASSERT_EQ(both.targets.size(), 2u);
  EXPECT_EQ(both.targets[1], (Target{0, "mallory@rival.test", "", 0}));
  SetTenant("rival", true);
  EXPECT_EQ(Resolve("mallory@rival.test").kind, Kind::kDeliverable);
}

TEST_F(RecipientsTest, WhoMayPost) {
  MakeGroup("open@example.test", "anyone", {"bob@example.test"});
  MakeGroup("house@example.test", "tenant", {"bob@example.test"});
  MakeGroup("domain@example.test", "domain", {"bob@example.test"});
  MakeGroup("inner@example.test", "anyone", {"bob@example.test"});
  MakeGroup("closed@example.test", "members", {"inner@example.test", "Fan@remote.test"});
  MakeDomain("second.test", kFirstTenant);
  ASSERT_TRUE(admin_.CreateAccount(root_, "sue@second.test", "s", {}).ok());
  Poster stranger{0, "x@remote.test"}, liar{0, "bob@example.test"}, fan{0, "fan@REMOTE.test"},
      nobody{0, ""};
  struct Row {
    const char* group;
    const char* allowed;  // of: stranger, liar, fan, nobody, mallory, sue, eve, bob
  };
  for (const Row& row :
       {Row{"open@example.test", "YYYYYYYY"}, Row{"house@example.test", "-----YYY"},
        Row{"domain@example.test", "------YY"}, Row{"closed@example.test", "--Y----Y"}}) {
    std::string got;
    for (const Poster& poster :
         {stranger, liar, fan, nobody, User("mallory@rival.test"), User("sue@second.test"),
          User("eve@example.test"), User("bob@example.test")}) {
      Kind kind = KindFor(row.group, poster);
      EXPECT_TRUE(kind == Kind::kDeliverable || kind == Kind::kNotAllowed);
      got.push_back(kind == Kind::kDeliverable ? 'Y' : '-');
    }
    EXPECT_EQ(got, row.allowed) << row.group;
  }
  EXPECT_EQ(Resolve("closed@example.test", &stranger).detail,
            "only members may send to this group");
  EXPECT_EQ(Resolve("domain@example.test", &stranger).detail,
            "only users of example.test may send to this group, logged in");
  EXPECT_EQ(Resolve("closed@example.test").kind, Kind::kDeliverable) << "mail taken before";
}

TEST_F(RecipientsTest, RulesOfGroupsOnTheWay) {
  MakeGroup("board@example.test", "members", {"bob@example.test"});
  MakeGroup("staff@example.test", "domain", {"board@example.test", "eve@example.test"});
  MakeAlias("short@example.test", {"board@example.test", "eve@example.test"});
  MakeAlias("side@rival.test", {"board@example.test"});
  MakeGroup("foreign@rival.test", "anyone", {"board@example.test"});
  // eve may send to staff, and board is part of it.
  Poster eve = User("eve@example.test");
  EXPECT_EQ(Addresses(Resolve("staff@example.test", &eve)),
            (std::vector<std::string>{"bob@example.test", "eve@example.test"}));
  EXPECT_EQ(KindFor("board@example.test", eve), Kind::kNotAllowed);
  // An alias is no way around, nor is a group of another tenant.
  EXPECT_EQ(Addresses(Resolve("short@example.test", &eve)),
            (std::vector<std::string>{"eve@example.test"}));
  Poster mallory = User("mallory@rival.test");
  EXPECT_EQ(KindFor("side@rival.test", mallory), Kind::kNotAllowed);
  EXPECT_EQ(KindFor("foreign@rival.test", mallory), Kind::kNotAllowed);
}

TEST_F(RecipientsTest, EmptyGroupsAndTooLargeOnes) {
  MakeGroup("empty@example.test", "anyone", {});
  EXPECT_EQ(Resolve("empty@example.test").kind, Kind::kEmptyGroup);
  std::vector<std::string> first, second;
  for (int i = 0; i < 600; ++i) {
    first.push_back(fmt::format("a{}@remote.test", i));
    second.push_back(fmt::format("b{}@remote.test", i));
  }
  MakeGroup("first@example.test", "anyone", first);
  MakeGroup("second@example.test", "anyone", second);
  MakeGroup("all@example.test", "anyone", {"first@example.test", "second@example.test"});
  EXPECT_EQ(Resolve("first@example.test").targets.size(), 600u);
  Resolution all = Resolve("all@example.test");
  EXPECT_EQ(all.kind, Kind::kTooLarge);
  EXPECT_TRUE(all.targets.empty()) << "all or nobody";
}

// 16 layers of aliases, each with both of the next: 65536 ways, 33 addresses.
TEST_F(RecipientsTest, ManyWaysToOneAddressCostLittle) {
  RecipientResolver deep(store_, {"+", 1000, 20});
  for (int i = 0; i < 16; ++i) {
    std::vector<std::string> next = {fmt::format("l{}a@example.test", i + 1),
                                     fmt::format("l{}b@example.test", i + 1)};
    if (i == 15) next = {"bob@example.test"};
    MakeAlias(fmt::format("l{}a@example.test", i), next);
    MakeAlias(fmt::format("l{}b@example.test", i), next);
  }
  auto result = deep.Resolve("l0a@example.test", nullptr);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->kind, Kind::kDeliverable);
  EXPECT_EQ(result->targets.size(), 1u);
}

TEST_F(RecipientsTest, AnAnswerSaysWhetherItIsTheSameForAll) {
  MakeGroup("closed@example.test", "members", {"bob@example.test"});
  Poster bob = User("bob@example.test");
  EXPECT_FALSE(Resolve("closed@example.test", &bob).for_all);
  EXPECT_FALSE(Resolve("closed@example.test").for_all);
  EXPECT_TRUE(Resolve("bob@example.test", &bob).for_all);
}

TEST_F(RecipientsTest, TroubleOfOursIsNoUnknownUser) {
  store_.SetDownForTest(UnavailableError("down"));
  EXPECT_EQ(recipients_.Resolve("nobody@example.test", nullptr).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace pennypost::directory
