#include "base/body_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace pennypost {
namespace {

TEST(BodyBudget, GivesNoMoreThanItHas) {
  BodyBudget budget(100);
  BodyLease one(budget), two(budget);
  EXPECT_TRUE(one.Extend(60));
  EXPECT_FALSE(two.Extend(41));
  EXPECT_TRUE(two.Extend(40));
  one.Release();
  EXPECT_EQ(budget.free(), 60);
  EXPECT_TRUE(one.empty());
}

// Fifty bodies of 25 grow step by step in a budget of 256: each has to be complete at some time.
TEST(BodyBudget, BodiesThatGrowTogetherAllEnd) {
  constexpr uint64_t kBudget = 256, kBody = 25;
  BodyBudget budget(kBudget, kBody);
  std::vector<std::unique_ptr<BodyLease>> bodies;
  for (int i = 0; i < 50; ++i) bodies.push_back(std::make_unique<BodyLease>(budget));
  for (int round = 0; round < 2000 && !bodies.empty(); ++round) {
    for (auto& body : bodies) {
      if (!body->Extend(1)) (void)body->ExtendAfterWait(1);
      if (body->held() == kBody) body.reset();
    }
    std::erase(bodies, nullptr);
  }
  EXPECT_TRUE(bodies.empty()) << bodies.size() << " wait for each other";
  EXPECT_EQ(budget.free(), static_cast<int64_t>(kBudget));
}

TEST(BodyBudget, OneAloneUsesTheReserve) {
  BodyBudget budget(100, 40);
  BodyLease one(budget), two(budget);
  EXPECT_FALSE(one.Extend(61));
  EXPECT_TRUE(one.ExtendAfterWait(90));
  EXPECT_FALSE(two.ExtendAfterWait(5)) << "one is the senior";
  one.Release();
  EXPECT_TRUE(two.ExtendAfterWait(90));
  two.Release();
  EXPECT_EQ(budget.free(), 100);
}

}  // namespace
}  // namespace pennypost
