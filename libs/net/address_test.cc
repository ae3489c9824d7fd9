#include "net/address.h"

#include <gtest/gtest.h>

namespace pennypost::net {
namespace {

TEST(IpAddress, KeysThatLimitsCountBy) {
  struct Row {
    const char* address;
    const char* limit;
    const char* network;
  };
  for (const Row& row : {
           Row{"192.0.2.77", "192.0.2.77", "192.0.2.0/24"},
           Row{"::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0/24"},
           Row{"2001:db8:1:22ff:3::4", "2001:db8:1:22ff::/64", "2001:db8:1:2200::/56"},
           Row{"2001:db8:1:22fe:3::4", "2001:db8:1:22fe::/64", "2001:db8:1:2200::/56"},
           Row{"2001:db8:1:2300::1", "2001:db8:1:2300::/64", "2001:db8:1:2300::/56"},
       }) {
    auto address = IpAddress::Parse(row.address);
    ASSERT_TRUE(address) << row.address;
    EXPECT_EQ(address->LimitKey(), row.limit);
    EXPECT_EQ(address->NetworkKey(), row.network);
  }
}

}  // namespace
}  // namespace pennypost::net
