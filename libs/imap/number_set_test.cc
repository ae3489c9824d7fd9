#include "imap/number_set.h"

#include <gtest/gtest.h>

namespace pennypost::imap {
namespace {

NumberSet Of(std::vector<NumberRange> ranges) {
  return {std::move(ranges), false};
}

TEST(NumberSetIndex, Contains) {
  NumberSetIndex index(Of({{9, 7}, {1, 2}, {2, 4}, {20, kStar}}), 22);
  std::vector<uint32_t> in;
  for (uint32_t i = 0; i < 30; ++i) {
    if (index.Contains(i)) in.push_back(i);
  }
  EXPECT_EQ(in, (std::vector<uint32_t>{1, 2, 3, 4, 7, 8, 9, 20, 21, 22}));
  EXPECT_FALSE(NumberSetIndex({{}, true}, 5).Contains(1));
  EXPECT_TRUE(NumberSetIndex(Of({{1, UINT32_MAX}}), 5).Contains(UINT32_MAX));
}

// RFC 7162 3.2.5.2
TEST(NumberSetIndex, Within) {
  NumberSetIndex index(Of({{1, 4}, {7, 9}, {20, kStar}}), 22);
  EXPECT_EQ(index.Within(3, 21), (std::vector<NumberRange>{{3, 4}, {7, 9}, {20, 21}}));
  EXPECT_TRUE(index.Within(5, 6).empty());
  EXPECT_EQ(index.Within(8, 8), (std::vector<NumberRange>{{8, 8}}));
}

TEST(AgreedUid, UpToTheLastMatch) {
  std::vector<uint32_t> uids = {2, 4, 6, 8, 10, 13};
  Resync resync;
  EXPECT_EQ(AgreedUid(resync, uids), 0u);
  resync.sample_numbers = Of({{1, 2}, {4, 6}});
  resync.sample_uids = Of({{2, 2}, {4, 4}, {8, 8}, {11, 12}});
  EXPECT_EQ(AgreedUid(resync, uids), 8u);
  resync.sample_uids = Of({{2, 2}});
  EXPECT_EQ(AgreedUid(resync, uids), 2u) << "sets of different length";
  // A huge sample costs no more than the mailbox is large.
  resync.sample_numbers = resync.sample_uids = Of({{1, UINT32_MAX}});
  EXPECT_EQ(AgreedUid(resync, uids), 0u);
}

}  // namespace
}  // namespace pennypost::imap
