// The search index under concurrent deliveries, indexers and an operator who begins it anew.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "services/mailbox/core/indexing.h"
#include "services/mailbox/store/pg_store.h"
#include "services/mailbox/store/pg_test_database.h"
#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {
namespace {

class SearchIndexRace : public testing::Test, protected StoreFixture {
 protected:
  SearchIndexRace() : StoreFixture(pg_) {}

  bool IsNamed(uint32_t uid, int64_t mailbox, const std::string& word) {
    auto grams = search::GramsOf(word);
    for (size_t messages : {size_t{1'000'000}, size_t{0}}) {  // both ways of looking
      auto may_hold = pg_.MayHold(kAlice, mailbox, messages, grams);
      EXPECT_TRUE(may_hold.ok()) << Describe(may_hold.status());
      if (!may_hold.ok() || std::find(may_hold->begin(), may_hold->end(), uid) == may_hold->end())
        return false;
    }
    return true;
  }

  PgStore pg_{NewTestDatabase("search_race"), 8, 2};
};

// From the moment when a message is stored on, every search that must find it does.
TEST_F(SearchIndexRace, NoMessageIsEverMissed) {
  Store1(Make({kAlice}));
  int64_t mailbox = Find(kAlice, "INBOX").id();
  std::atomic<bool> stop = false;
  std::atomic<int> missed = 0;
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([this, &stop] {
      while (!stop) EXPECT_TRUE(IndexSome(pg_, kAlice, {7, 1000, 1 << 20}).ok());
    });
  }
  others.emplace_back([this, &stop] {
    while (!stop) {
      EXPECT_TRUE(pg_.ForgetSignatures(kAlice).ok());
      absl::SleepFor(absl::Milliseconds(30));
    }
  });
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 3; ++writer) {
    writers.emplace_back([this, writer, mailbox, &missed] {
      std::vector<std::pair<uint32_t, std::string>> stored;
      for (int i = 0; i < 40; ++i) {
        std::string word = "word" + std::to_string(writer) + "x" + std::to_string(i) + "end";
        std::string content = "Subject: s\r\n\r\n" + word + "\r\n";
        auto mail = Make({kAlice});
        mail->email = PrepareEmail(content, mail->mail_id);
        uint32_t uid = Store1(std::move(mail)).uid;
        stored.emplace_back(uid, word);
        const auto& older = stored[stored.size() / 2];
        if (!IsNamed(uid, mailbox, word) || !IsNamed(older.first, mailbox, older.second)) ++missed;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  stop = true;
  for (std::thread& other : others) other.join();
  EXPECT_EQ(missed, 0);
  // Left alone, all of them are indexed, and nothing more is named than what fits.
  for (;;) {
    auto step = IndexSome(pg_, kAlice, {50, 1 << 20, 1 << 20});
    ASSERT_TRUE(step.ok());
    if (!step->more) break;
  }
  auto found = pg_.MayHold(kAlice, mailbox, 1'000'000, search::GramsOf("word1x7end"));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->size(), 1u);
  auto step = pg_.FindUnindexed(kAlice - 1, 1);
  ASSERT_TRUE(step.ok());
  EXPECT_TRUE(step->accounts.empty());
}

}  // namespace
}  // namespace pennypost::mailbox
