#include "pg/pool.h"

#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace pennypost::pg {
namespace {

constexpr Statement kEcho{"t_echo",
                          "SELECT $1::bigint, $2::text, $3::bytea, $4::bigint[], $5::text[], "
                          "$6::timestamptz, $7::uuid, $8::boolean"};
constexpr Statement kInsert{"t_insert", "INSERT INTO t_items (id) VALUES ($1)"};
constexpr Statement kCount{"t_count", "SELECT count(*) FROM t_items"};
constexpr Statement kSlow{"t_slow", "SELECT pg_sleep(0)"};

std::string Dsn() {
  return getenv("PENNYPOST_TEST_DSN");
}

TEST(Pg, BinaryValuesComeBackAsTheyWent) {
  Pool pool(Dsn(), 2);
  absl::Time time = absl::FromUnixMicros(1'700'000'000'123'456);
  Uuid id = NewUuidV7(time);
  std::string bytes("\0\xFF'\\", 4);
  Params params;
  params.Int(-5)
      .Text("gr\xC3\xBC\xC3\x9F'e")
      .Bytes(bytes)
      .Ints({1, -2})
      .Texts({"a", "", "b,\""})
      .Time(time)
      .Id(id)
      .Bool(true);
  auto result = pool.Run(kEcho, params);
  ASSERT_TRUE(result.ok()) << Describe(result.status());
  EXPECT_EQ(result->Int(0, 0), -5);
  EXPECT_EQ(result->Text(0, 1), "gr\xC3\xBC\xC3\x9F'e");
  EXPECT_EQ(result->Bytes(0, 2), bytes);
  EXPECT_EQ(result->Ints(0, 3), (std::vector<int64_t>{1, -2}));
  EXPECT_EQ(result->Texts(0, 4), (std::vector<std::string>{"a", "", "b,\""}));
  EXPECT_EQ(result->Time(0, 5), time);
  EXPECT_EQ(result->Id(0, 6), id);
  EXPECT_TRUE(result->Bool(0, 7));
}

TEST(Pg, MigrationsApplyOnceAndAreNeverChanged) {
  auto connection = Connection::Open(Dsn());
  ASSERT_TRUE(connection.ok());
  std::vector<Migration> steps = {
      {1, "0001_items", "CREATE TABLE t_items (id bigint PRIMARY KEY)"}};
  EXPECT_EQ(*Migrate(**connection, "test", steps), 1);
  EXPECT_EQ(*Migrate(**connection, "test", steps), 0);
  steps[0].sql = "CREATE TABLE t_items (id int)";
  EXPECT_EQ(Migrate(**connection, "test", steps).status().code(),
            absl::StatusCode::kFailedPrecondition);
  std::vector<Migration> broken = {
      {1, "0001_bad", "CREATE TABLE t_half (id int); SELECT nonsense"}};
  EXPECT_FALSE(Migrate(**connection, "broken", broken).ok());
  EXPECT_FALSE((*connection)->Execute("SELECT * FROM t_half").ok());
}

TEST(Pg, TransactionsRollBackAndPipelinesStopAtTheFirstError) {
  Pool pool(Dsn(), 2);
  absl::Status status = pool.InTransaction([](Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(connection.Run(kInsert, Params().Int(1)).status());
    return SyntaxError("no");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(pool.Run(kCount)->Int(0, 0), 0);

  Params one, two;
  one.Int(1);
  two.Int(2);
  status = pool.InTransaction([&](Connection& connection) {
    return connection.RunAll({{&kInsert, &one}, {&kInsert, &one}, {&kInsert, &two}}).status();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(pool.Run(kCount)->Int(0, 0), 0);
  Params none;
  status = pool.InTransaction([&](Connection& connection) -> absl::Status {
    auto results = connection.RunAll({{&kInsert, &one}, {&kInsert, &two}, {&kCount, &none}});
    if (!results.ok()) return results.status();
    EXPECT_EQ((*results)[2].Int(0, 0), 2);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << Describe(status);
}

TEST(Pg, AKilledBackendIsReplaced) {
  Pool pool(Dsn(), 1);
  ASSERT_TRUE(pool.Run(kSlow).ok());
  auto killer = Connection::Open(Dsn());
  ASSERT_TRUE((*killer)
                  ->Execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                            "pg_backend_pid() "
                            "AND datname = current_database()")
                  .ok());
  EXPECT_TRUE(pool.Run(kSlow).ok());
  EXPECT_TRUE(pool.Health().ok());
}

TEST(Pg, ReadinessComesBackWithoutACall) {
  Pool pool(Dsn(), 1);
  absl::Status status = pool.With([](Connection& connection) {
    auto killer = Connection::Open(Dsn());
    (*killer)
        ->Execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database()")
        .IgnoreError();
    return connection.Execute("SELECT 1");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << Describe(status);
  EXPECT_FALSE(pool.Health().ok());
  for (int i = 0; i < 100 && !pool.Health().ok(); ++i) absl::SleepFor(absl::Milliseconds(100));
  EXPECT_TRUE(pool.Health().ok());
}

TEST(Pg, AnIdlePoolNoticesThatTheServerIsGone) {
  Pool pool(Dsn(), 2);
  ASSERT_TRUE(pool.Run(kSlow).ok());
  ASSERT_TRUE(pool.Health().ok());
  auto killer = Connection::Open(Dsn());
  ASSERT_TRUE((*killer)
                  ->Execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                            "pg_backend_pid() "
                            "AND datname = current_database()")
                  .ok());
  bool noticed = false;
  for (int i = 0; i < 100 && !noticed; ++i) {
    absl::SleepFor(absl::Milliseconds(20));
    noticed = !pool.Health().ok();
  }
  EXPECT_TRUE(noticed);
}

// A disk that is really full: tests/e2e/test_disk.py.
TEST(Pg, K6_AFullDiskIsKnownUntilThereIsRoom) {
  Pool pool(Dsn(), 1);
  auto raise = [&pool](const std::string& state, const std::string& words) {
    return pool.With([&](Connection& connection) {
      return connection.Execute("DO $$ BEGIN RAISE EXCEPTION '" + words + "' USING ERRCODE = '" +
                                state + "'; END $$");
    });
  };
  EXPECT_EQ(ReasonOf(raise("XX000", "something else")), Reason::kBug);
  EXPECT_EQ(ReasonOf(raise("23514", "No space left on device")), Reason::kBug);
  EXPECT_EQ(ReasonOf(raise("53200", "out of memory")), Reason::kBackendDown);
  EXPECT_TRUE(pool.Room().ok());
  EXPECT_EQ(ReasonOf(raise("58030", "could not write: No space left on device")),
            Reason::kStorageFull);
  EXPECT_EQ(ReasonOf(raise("XX000", "could not write: Disk quota exceeded")), Reason::kStorageFull);
  EXPECT_EQ(ReasonOf(raise("53100", "could not extend file")), Reason::kStorageFull);
  EXPECT_EQ(ReasonOf(pool.Room()), Reason::kStorageFull);
  // The connection and the reads are good.
  EXPECT_TRUE(pool.Health().ok());
  EXPECT_TRUE(pool.Run(kSlow).ok());
  for (int i = 0; i < 100 && !pool.Room().ok(); ++i) absl::SleepFor(absl::Milliseconds(100));
  EXPECT_TRUE(pool.Room().ok());
}

// A probe fills the disk for a moment.
TEST(Pg, K6_WhatFindsNoRoomIsTriedAgain) {
  Pool pool(Dsn(), 1);
  int tries = 0;
  auto full_for = [&](int times) {
    tries = 0;
    return pool.InTransaction([&tries, times](Connection& connection) {
      if (++tries > times) return absl::OkStatus();
      return connection.Execute(
          "DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$");
    });
  };
  EXPECT_TRUE(full_for(2).ok());
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(ReasonOf(full_for(100)), Reason::kStorageFull);
  EXPECT_EQ(tries, 4);
}

TEST(Pg, TheProbeReallyWrites) {
  auto connection = Connection::Open(Dsn());
  ASSERT_TRUE(connection.ok());
  EXPECT_TRUE((*connection)->ProbeRoom().ok());
  ASSERT_TRUE((*connection)->Execute("SET temp_file_limit = '31MB'").ok());
  EXPECT_FALSE((*connection)->ProbeRoom().ok());
  ASSERT_TRUE((*connection)->Execute("SET temp_file_limit = '36MB'").ok());
  EXPECT_TRUE((*connection)->ProbeRoom().ok());
}

TEST(Pg, TheReserveIsGivenBackAndMadeAgain) {
  constexpr Statement kSize{"t_reserve",
                            "SELECT coalesce(pg_relation_size(to_regclass('t_reserve')), 0)"};
  constexpr int64_t kReserve = 16 << 20;
  Pool pool(Dsn(), 2, "t_reserve");
  pool.KeepReserve();
  pool.KeepReserve();
  EXPECT_GE(pool.Run(kSize)->Int(0, 0), kReserve);
  pool.NoteFull();
  for (int i = 0; i < 100 && pool.Run(kSize)->Int(0, 0) > 0; ++i)
    absl::SleepFor(absl::Milliseconds(20));
  EXPECT_EQ(pool.Run(kSize)->Int(0, 0), 0);
  EXPECT_EQ(ReasonOf(pool.Room()), Reason::kStorageFull);
  for (int i = 0; i < 100 && !pool.Room().ok(); ++i) absl::SleepFor(absl::Milliseconds(100));
  EXPECT_TRUE(pool.Room().ok());
  EXPECT_GE(pool.Run(kSize)->Int(0, 0), kReserve);
}

TEST(Pg, AServerThatIsAwayIsUnavailable) {
  Pool pool("host=/nonexistent dbname=x", 1);
  EXPECT_EQ(pool.Run(kSlow).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(pool.Health().ok());
}

}  // namespace
}  // namespace pennypost::pg
