#include "services/relay/store/pg_store.h"

#include <cstdlib>
#include <thread>

#include "relay_sql.h"
#include "services/relay/core/result_writer.h"
#include "services/relay/store/store_contract.h"

namespace pennypost::relay {
namespace {

std::unique_ptr<Store> EmptyStore() {
  std::string dsn = getenv("PENNYPOST_TEST_DSN");
  std::unique_ptr<pg::Connection> connection = *pg::Connection::Open(dsn);
  EXPECT_TRUE(pg::Migrate(*connection, "relay", sql::Migrations()).ok());
  EXPECT_TRUE(connection->Execute("TRUNCATE relay_messages, relay_deliveries, relay_events").ok());
  return std::make_unique<PgStore>(dsn, 4);
}

INSTANTIATE_TEST_SUITE_P(Pg, StoreContract, ::testing::Values(&EmptyStore));

TEST(PgStore, ParallelClaimsNeverShare) {
  std::unique_ptr<Store> store = EmptyStore();
  absl::Time now = absl::Now();
  constexpr int kMessages = 200;
  for (int i = 0; i < kMessages; ++i) {
    NewMessage message;
    message.message.mail_id = NewUuidV7(now);
    message.message.queued_at = now;
    message.recipients.resize(1);
    message.recipients[0].address = "b@b.test";
    ASSERT_TRUE(store->Enqueue(message).ok());
  }
  std::mutex mutex;
  std::set<Lease> seen;
  int total = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (;;) {
        auto claimed =
            store->Claim({"w" + std::to_string(t), 7, absl::Seconds(60), {}, absl::Now()});
        ASSERT_TRUE(claimed.ok()) << Describe(claimed.status());
        if (claimed->empty()) return;
        std::lock_guard lock(mutex);
        for (const Delivery& delivery : *claimed) seen.insert(delivery.lease);
        total += static_cast<int>(claimed->size());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(total, kMessages);
  EXPECT_EQ(seen.size(), static_cast<size_t>(kMessages));
}

// What the database does not take it refuses as such, and writes nothing of it.
TEST(PgStore, ABadOutcomeIsRefused) {
  std::unique_ptr<Store> store = EmptyStore();
  NewMessage message;
  message.message.mail_id = NewUuidV7(absl::Now());
  message.message.queued_at = absl::Now();
  message.recipients.resize(1);
  message.recipients[0].address = "b@b.test";
  ASSERT_TRUE(store->Enqueue(message).ok());
  auto claimed = store->Claim({"w", 7, absl::Seconds(60), {}, absl::Now()});
  ASSERT_EQ(claimed->size(), 1u);
  Outcome outcome;
  outcome.lease = claimed->at(0).lease;
  outcome.state = State::kDelivered;
  outcome.reply = "250 \xFF";
  EXPECT_TRUE(IsRefused(store->Finish({outcome}).status()));
  outcome.reply = "250 ok";
  EXPECT_EQ(store->Finish({outcome})->size(), 1u);
}

}  // namespace
}  // namespace pennypost::relay
