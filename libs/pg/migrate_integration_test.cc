#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "pg/pool.h"

namespace pennypost::pg {
namespace {

constexpr Migration kMake{1, "0001_make",
                          "CREATE TABLE t_long (id bigint); INSERT INTO t_long VALUES (1)"};
constexpr Migration kWiden{2, "0002_widen", "ALTER TABLE t_long ADD COLUMN more text"};
constexpr Statement kRead{"t_read_long", "SELECT count(*) FROM t_long"};

std::unique_ptr<Connection> Open() {
  return *Connection::Open(getenv("PENNYPOST_TEST_DSN"));
}

// A long transaction reads the table that a new release wants to change: what the old one does on
// it goes on meanwhile, and the change is made when that transaction is over.
TEST(Migrate, K16_AMigrationThatWaitsHoldsUpNobody) {
  auto holder = Open(), migrator = Open(), reader = Open();
  ASSERT_TRUE(Migrate(*migrator, "waits", {kMake}).ok());
  ASSERT_TRUE(holder->Begin().ok());
  ASSERT_TRUE(holder->Run(kRead, {}).ok());
  absl::StatusOr<int> applied;
  std::atomic<bool> done{false};
  std::thread migration([&] {
    applied = Migrate(*migrator, "waits", {kMake, kWiden});
    done = true;
  });
  // Long enough for the migration to be waiting, several times over.
  int reads = 0;
  for (absl::Time end = absl::Now() + absl::Seconds(6); absl::Now() < end; ++reads) {
    absl::SleepFor(absl::Milliseconds(50));
    auto read = reader->Run(kRead, {});
    ASSERT_TRUE(read.ok()) << Describe(read.status());
  }
  EXPECT_FALSE(done) << "nobody changes a table under its reader";
  EXPECT_GT(reads, 3);
  ASSERT_TRUE(holder->Commit().ok());
  migration.join();
  ASSERT_TRUE(applied.ok()) << Describe(applied.status());
  EXPECT_EQ(*applied, 1);
}

TEST(Migrate, ASecondTimeDoesNothing) {
  auto connection = Open();
  EXPECT_EQ(*Migrate(*connection, "twice", {{1, "0001_x", "CREATE TABLE t_x ()"}}), 1);
  EXPECT_EQ(*Migrate(*connection, "twice", {{1, "0001_x", "CREATE TABLE t_x ()"}}), 0);
  auto changed = Migrate(*connection, "twice", {{1, "0001_x", "CREATE TABLE t_y ()"}});
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace pennypost::pg
