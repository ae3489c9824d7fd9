#include "services/directory/core/senders.h"

#include "services/directory/core/fake_house.h"

namespace pennypost::directory {
namespace {

using Texts = std::vector<std::string>;

class SendersTest : public FakeHouse {
 protected:
  Texts Foreign(const std::string& account, const Texts& addresses, const char* delimiter = "+") {
    auto foreign = Senders(store_, delimiter).Foreign(IdOf(account), addresses);
    EXPECT_TRUE(foreign.ok()) << foreign.status();
    return foreign.value_or(Texts{});
  }
};

TEST_F(SendersTest, AddressesBelongToTheirAccount) {
  MakeAlias("sales@example.test", {"bob@example.test"}, true);
  MakeAlias("info@example.test", {"bob@example.test"}, false);
  MakeGroup("help@example.test", "anyone", {"bob@example.test"}, true);
  MakeGroup("news@example.test", "anyone", {"bob@example.test"}, false);
  EXPECT_EQ(Foreign("bob@example.test",
                    {"bob@example.test", "Bob+x@other.test", "sales@example.test",
                     "sales@other.test", "help@example.test", "info@example.test",
                     "news@example.test", "eve@example.test", "x@remote.test", "nonsense", ""}),
            (Texts{"info@example.test", "news@example.test", "eve@example.test", "x@remote.test",
                   "nonsense", ""}));
}

TEST_F(SendersTest, SomebodyElsesAddressIsNoDetailOfMine) {
  ASSERT_TRUE(admin_.CreateAccount(root_, "bob+boss@example.test", "p", {}).ok());
  MakeAlias("bob+list@example.test", {"eve@example.test"});
  EXPECT_EQ(Foreign("bob@example.test",
                    {"bob+boss@example.test", "bob+list@example.test", "bob+mine@example.test"}),
            (Texts{"bob+boss@example.test", "bob+list@example.test"}));
  // The platform's delimiter counts, and where there is none, no detail is anybody's.
  EXPECT_EQ(Foreign("bob@example.test", {"bob+x@example.test"}, ""), (Texts{"bob+x@example.test"}));
  EXPECT_EQ(Foreign("bob@example.test", {"bob-x@example.test"}, "-"), Texts{});
}

// S6: whatever the other tenant sets up, its addresses stay its own.
TEST_F(SendersTest, NeverAnAddressOfAnotherTenant) {
  MakeAlias("bait@rival.test", {"bob@example.test"}, true);
  MakeGroup("trap@rival.test", "anyone", {"bob@example.test"}, true);
  Texts all = {"bait@rival.test", "trap@rival.test", "mallory@rival.test", "bob@rival.test"};
  EXPECT_EQ(Foreign("bob@example.test", all), all);
  Texts ours = {"bob@example.test", "bob@other.test", "mallory@example.test"};
  EXPECT_EQ(Foreign("mallory@rival.test", ours), ours);
  // Nor by another name for somebody else's domain.
  EXPECT_FALSE(admin_.CreateDomain(root_, {"rival2.test", "example.test", "", "rival"}).ok());
}

TEST_F(SendersTest, WhoIsSwitchedOffSendsNothing) {
  SetTenant("rival", false);
  EXPECT_EQ(Foreign("mallory@rival.test", {"mallory@rival.test"}), (Texts{"mallory@rival.test"}));
}

}  // namespace
}  // namespace pennypost::directory
