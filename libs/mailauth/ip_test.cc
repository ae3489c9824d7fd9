#include "mailauth/ip.h"

#include <gtest/gtest.h>

namespace pennypost::mailauth {
namespace {

IpAddress Ip(std::string_view text) {
  return *IpAddress::Parse(text);
}

TEST(Ip, ParsesBothFamiliesAndUnwrapsMappedOnes) {
  EXPECT_TRUE(Ip("192.0.2.1").is_v4());
  EXPECT_FALSE(Ip("2001:db8::1").is_v4());
  EXPECT_EQ(Ip("::ffff:192.0.2.1"), Ip("192.0.2.1"));
  for (std::string_view bad :
       {"", "1.2.3", "1.2.3.4.5", "01.2.3.4x", "1.2.3.256", ":::", "a::b::c"}) {
    EXPECT_FALSE(IpAddress::Parse(bad)) << bad;
  }
}

TEST(Ip, Networks) {
  IpNetwork net = *IpNetwork::Parse("192.0.2.128/28");
  EXPECT_TRUE(net.Contains(Ip("192.0.2.129")));
  EXPECT_FALSE(net.Contains(Ip("192.0.2.65")));
  EXPECT_FALSE(net.Contains(Ip("2001:db8::1")));
  EXPECT_TRUE(IpNetwork::Parse("0.0.0.0/0")->Contains(Ip("8.8.8.8")));
  EXPECT_TRUE(IpNetwork::Parse("2001:db8::/33")->Contains(Ip("2001:db8:7fff::")));
  EXPECT_FALSE(IpNetwork::Parse("2001:db8::/33")->Contains(Ip("2001:db8:8000::")));
  EXPECT_FALSE(IpNetwork::Parse("10.0.0.0/33"));
  EXPECT_FALSE(IpNetwork::Parse("10.0.0.0/"));
}

TEST(Ip, SpellingsForDns) {
  EXPECT_EQ(Ip("192.0.2.1").ReverseName(), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(Ip("2001:db8::cb01").ReverseName(),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace pennypost::mailauth
