#include "services/mailbox/search_indexer.h"

#include <absl/time/clock.h>

#include "services/mailbox/store/memory_store.h"
#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {
namespace {

// What the indexer asks of the store; the first `failures` loads fail.
class Observed : public MemoryStore {
 public:
  absl::StatusOr<std::vector<EmailContent>> LoadEmails(int64_t account_id,
                                                       const std::vector<Uuid>& emails) override {
    largest = std::max(largest, emails.size());
    if (failures > 0 && failures-- > 0) return UnavailableError("no database");
    return MemoryStore::LoadEmails(account_id, emails);
  }
  int failures = 0;
  size_t largest = 0;
};

class SearchIndexerTest : public testing::Test, protected StoreFixture {
 protected:
  SearchIndexerTest() : StoreFixture(memory_) {}

  size_t Waiting() {
    auto step = memory_.FindUnindexed(0, 100);
    EXPECT_TRUE(step.ok());
    size_t waiting = 0;
    for (const auto& account : step->accounts) waiting += account.messages;
    return waiting;
  }
  static SearchIndexerOptions Fast() {
    SearchIndexerOptions options;
    options.settle = options.breath = absl::ZeroDuration();
    options.limits.emails = 10;
    options.limits.bytes = 4 * kMessage.size();
    return options;
  }

  Observed memory_;
};

TEST_F(SearchIndexerTest, IndexesAllAccountsInSmallSteps) {
  for (int i = 0; i < 25; ++i) Store1(Make({kAlice, kBob}));
  EXPECT_EQ(Waiting(), 50u);
  SearchIndexer indexer(memory_, Fast());
  indexer.RunOnce();
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_LE(memory_.largest, 4u) << "no more contents in memory than the limit says";
}

TEST_F(SearchIndexerTest, WhatFailsIsDoneByTheNextLook) {
  Store1(Make({kAlice}));
  Store1(Make({kBob}));
  memory_.failures = 1;
  SearchIndexer indexer(memory_, Fast());
  indexer.RunOnce();
  EXPECT_EQ(Waiting(), 1u) << "an account that fails does not keep the others from it";
  indexer.RunOnce();
  EXPECT_EQ(Waiting(), 0u);
}

TEST_F(SearchIndexerTest, K6_AFullDiskIsLeftAlone) {
  Store1(Make({kAlice}));
  memory_.SetRoomForTest(
      MakeError(absl::StatusCode::kResourceExhausted, Reason::kStorageFull, "full"));
  SearchIndexer indexer(memory_, Fast());
  indexer.RunOnce();
  EXPECT_EQ(Waiting(), 1u);
  memory_.SetRoomForTest(absl::OkStatus());
  indexer.RunOnce();
  EXPECT_EQ(Waiting(), 0u);
}

TEST_F(SearchIndexerTest, AHintWakesTheThread) {
  SearchIndexerOptions options = Fast();
  options.look_pause = absl::Hours(1);
  SearchIndexer indexer(memory_, options);
  indexer.Start();
  Store1(Make({kAlice}));
  indexer.Changed(kAlice);
  for (int i = 0; i < 2000 && Waiting() > 0; ++i) {
    absl::SleepFor(absl::Milliseconds(5));
    // The first look comes by itself; later mail has nothing but the hint.
  }
  EXPECT_EQ(Waiting(), 0u);
  Store1(Make({kAlice}));
  indexer.Changed(kAlice);
  for (int i = 0; i < 2000 && Waiting() > 0; ++i) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(Waiting(), 0u);
  indexer.Stop();
}

TEST_F(SearchIndexerTest, ALargeOrDamagedMessageMayHoldAnything) {
  auto mail = Make({kAlice});
  std::string id = mail->mail_id.ToString();
  Store1(std::move(mail));
  memory_.CorruptForTest(id);
  SearchIndexerOptions options = Fast();
  SearchIndexer(memory_, options).RunOnce();
  Store1(Make({kBob}));
  options.limits.most_content = 1;
  SearchIndexer(memory_, options).RunOnce();
  EXPECT_EQ(Waiting(), 0u);
  for (int64_t account : {kAlice, kBob}) {
    auto found =
        memory_.MayHold(account, Find(account, "INBOX").id(), 1, search::GramsOf("quinces"));
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->size(), 1u);
  }
}

}  // namespace
}  // namespace pennypost::mailbox
