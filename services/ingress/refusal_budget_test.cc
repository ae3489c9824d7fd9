#include "services/ingress/refusal_budget.h"

#include <gtest/gtest.h>

namespace pennypost::ingress {
namespace {

TEST(RefusalBudget, ABurstThenSoManyASecond) {
  RefusalBudget budget;
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  int taken = 0;
  while (budget.Take(now)) ++taken;
  EXPECT_EQ(taken, RefusalBudget::kBurst);
  for (int second = 0; second < 10; ++second) {
    now += absl::Seconds(1);
    taken = 0;
    while (budget.Take(now)) ++taken;
    EXPECT_EQ(taken, RefusalBudget::kPerSecond);
  }
  EXPECT_FALSE(budget.Take(now - absl::Hours(1)));  // a clock that goes back gives nothing
}

}  // namespace
}  // namespace pennypost::ingress
