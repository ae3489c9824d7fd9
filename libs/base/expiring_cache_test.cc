#include "base/expiring_cache.h"

#include <gtest/gtest.h>

#include "testing/fake_clock.h"

namespace pennypost {
namespace {

TEST(ExpiringCache, KeepsEachForItsTime) {
  testing::FakeClock clock;
  ExpiringCache<int> cache(clock, 100);
  cache.Put("short", 1, absl::Seconds(1));
  cache.Put("long", 2, absl::Seconds(10));
  cache.Put("never", 3, absl::ZeroDuration());
  EXPECT_EQ(cache.Find("short"), 1);
  EXPECT_EQ(cache.Find("never"), std::nullopt);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(cache.Find("short"), std::nullopt);
  EXPECT_EQ(cache.Find("long"), 2);
  cache.Put("long", 4, absl::Seconds(10));
  EXPECT_EQ(cache.Find("long"), 4);
  cache.Clear();
  EXPECT_EQ(cache.Find("long"), std::nullopt);
}

TEST(ExpiringCache, StaysWithinItsCapacity) {
  testing::FakeClock clock;
  ExpiringCache<int> cache(clock, 20);
  cache.Put("dear", 1, absl::Seconds(10), 3);
  EXPECT_EQ(cache.Find("dear"), std::nullopt);
  int kept = 0;
  for (int i = 0; i < 25; ++i) cache.Put(std::to_string(i), i, absl::Seconds(10), 2);
  for (int i = 0; i < 25; ++i) kept += cache.Find(std::to_string(i)).has_value() ? 1 : 0;
  EXPECT_GT(kept, 0);
  EXPECT_LE(kept, 10);
  EXPECT_EQ(cache.Find("24"), 24);
  // The same key again is no more than one.
  for (int i = 0; i < 100; ++i) cache.Put("24", i, absl::Seconds(10), 2);
  EXPECT_EQ(cache.Find("24"), 99);
}

}  // namespace
}  // namespace pennypost
