#include "services/mailbox/housekeeping.h"

#include <absl/time/clock.h>

#include "services/mailbox/store/memory_store.h"
#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {
namespace {

class HousekeepingTest : public testing::Test, protected StoreFixture {
 protected:
  HousekeepingTest() : StoreFixture(memory_) {}

  void Deliver(int count) {
    for (int i = 0; i < count; ++i) Store1(Make({kAlice}));
  }
  void ExpungeAll() {
    v1::ExpungeRequest request;
    request.set_account_id(kAlice);
    request.set_mailbox_id(1);
    for (uint32_t uid : Uids(kAlice, "INBOX")) request.add_uids(uid);
    request.set_regardless_of_flag(true);
    v1::ExpungeResponse response;
    ASSERT_TRUE(store_.Expunge(request, &response).ok());
  }
  int Deleted() {
    v1::ListDeletedRequest request;
    request.set_account_id(kAlice);
    v1::ListDeletedResponse response;
    EXPECT_TRUE(store_.ListDeleted(request, &response).ok());
    return response.messages_size();
  }

  MemoryStore memory_;
};

TEST_F(HousekeepingTest, TakesAllThatIsDueInSmallSteps) {
  Deliver(700);  // more than one step
  ExpungeAll();
  Housekeeping(store_, {}).RunOnce();
  EXPECT_EQ(Deleted(), 700) << "their time is not over";
  HousekeepingOptions off;
  off.restore = absl::ZeroDuration();
  Housekeeping(store_, off).RunOnce();
  EXPECT_EQ(Deleted(), 0);
}

// None of it while the process drains.
TEST_F(HousekeepingTest, I18_StopsBetweenSteps) {
  Deliver(700);
  ExpungeAll();
  HousekeepingOptions off;
  off.restore = absl::ZeroDuration();
  Housekeeping housekeeping(store_, off);
  housekeeping.Stop();
  housekeeping.RunOnce();
  EXPECT_EQ(Deleted(), 200) << "one step was under way";
}

TEST_F(HousekeepingTest, RunsByItself) {
  Deliver(1);
  ExpungeAll();
  HousekeepingOptions off;
  off.restore = absl::ZeroDuration();
  off.pause = absl::Milliseconds(1);
  Housekeeping housekeeping(store_, off);
  housekeeping.Start();
  for (int i = 0; i < 500 && Deleted() > 0; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(Deleted(), 0);
}

}  // namespace
}  // namespace pennypost::mailbox
