#include "services/resolver/core/route.h"

#include <gtest/gtest.h>

#include "services/resolver/core/fake_dns.h"

namespace pennypost::resolver {
namespace {

Record Mx(uint16_t preference, std::string name) {
  return {std::move(name), preference, 0, 0, 0};
}
Record Plain(std::string value) {
  return {std::move(value), 0, 0, 0, 0};
}

uint32_t Last(uint32_t bound) {
  return bound - 1;
}

Route Find(FakeDns& dns, const std::string& domain) {
  Route route;
  int calls = 0;
  FindRoute(dns, domain, Last, [&](Route found) {
    route = std::move(found);
    ++calls;
  });
  EXPECT_EQ(calls, 1);
  return route;
}

TEST(Route, HostsByPreferenceWithTheirAddresses) {
  FakeDns dns;
  dns.Add("a.org", Type::kMx, {Mx(20, "b.a.org"), Mx(10, "A.a.org"), Mx(20, "b.a.org")}, true);
  dns.Add("a.a.org", Type::kA, {Plain("192.0.2.1"), Plain("192.0.2.2")}, true);
  dns.Add("a.a.org", Type::kAaaa, {Plain("2001:db8::1")}, true);
  dns.Add("b.a.org", Type::kA, {Plain("192.0.2.3")});
  Route route = Find(dns, "a.org");
  EXPECT_EQ(route.status, Status::kOk);
  EXPECT_FALSE(route.implicit);
  ASSERT_EQ(route.hosts.size(), 2u);
  EXPECT_EQ(route.hosts[0].name, "a.a.org");
  EXPECT_EQ(route.hosts[0].addresses,
            (std::vector<std::string>{"2001:db8::1", "192.0.2.1", "192.0.2.2"}));
  EXPECT_TRUE(route.hosts[0].secure);
  EXPECT_FALSE(route.hosts[1].secure);
}

TEST(Route, EqualPreferencesAreShuffled) {
  Answer mx;
  mx.records = {Mx(10, "a"), Mx(10, "b"), Mx(10, "c"), Mx(5, "first")};
  std::vector<RouteHost> hosts = OrderHosts(mx, [](uint32_t) { return 0u; });
  EXPECT_EQ(hosts[0].name, "first");
  EXPECT_NE(hosts[1].name, "a");
  EXPECT_EQ(hosts.size(), 4u);
}

// RFC 7505
TEST(Route, NullMx) {
  FakeDns dns;
  dns.Add("no.org", Type::kMx, {Mx(0, "")});
  EXPECT_TRUE(Find(dns, "no.org").null_mx);
  dns.Add("odd.org", Type::kMx, {Mx(0, ""), Mx(10, "mx.odd.org")});
  dns.Add("mx.odd.org", Type::kA, {Plain("192.0.2.1")});
  Route route = Find(dns, "odd.org");
  EXPECT_FALSE(route.null_mx);
  EXPECT_EQ(route.hosts.size(), 1u);
}

// RFC 5321 5.1
TEST(Route, WithoutMxTheDomainIsTheHost) {
  FakeDns dns;
  dns.Add("a.org", Type::kA, {Plain("192.0.2.1")});
  Route route = Find(dns, "a.org");
  EXPECT_TRUE(route.implicit);
  EXPECT_EQ(route.hosts[0].addresses, std::vector<std::string>{"192.0.2.1"});
  dns.Add("txt.org", Type::kTxt, {Plain("x")});
  EXPECT_EQ(Find(dns, "txt.org").status, Status::kNoData);
  EXPECT_EQ(Find(dns, "nowhere.org").status, Status::kNxDomain);
}

TEST(Route, TroubleIsNeverAbsence) {
  FakeDns dns;
  dns.Fail("down.org", Type::kMx, Status::kTemporary);
  EXPECT_EQ(Find(dns, "down.org").status, Status::kTemporary);
  dns.Fail("bad.org", Type::kMx, Status::kBogus);
  EXPECT_EQ(Find(dns, "bad.org").status, Status::kBogus);
  dns.Fail("half.org", Type::kMx, Status::kNoData);
  dns.Fail("half.org", Type::kA, Status::kTemporary);
  EXPECT_EQ(Find(dns, "half.org").status, Status::kTemporary);
  dns.Add("host.org", Type::kMx, {Mx(1, "gone.org"), Mx(2, "half.org")});
  Route route = Find(dns, "host.org");
  EXPECT_EQ(route.status, Status::kOk);
  EXPECT_EQ(route.hosts[0].status, Status::kNxDomain);
  EXPECT_EQ(route.hosts[1].status, Status::kTemporary);
}

// ROBUSTNESS N3
TEST(Route, TwentyHostsAndFortyAddresses) {
  FakeDns dns;
  std::vector<Record> mx;
  for (int i = 0; i < 100; ++i) {
    std::string name = "m" + std::to_string(i) + ".big.org";
    mx.push_back(Mx(static_cast<uint16_t>(i), name));
    dns.Add(name, Type::kA, {Plain("192.0.2.1"), Plain("192.0.2.2"), Plain("192.0.2.3")});
  }
  dns.Add("big.org", Type::kMx, mx);
  Route route = Find(dns, "big.org");
  EXPECT_EQ(route.hosts.size(), 20u);
  size_t addresses = 0;
  for (const RouteHost& host : route.hosts) addresses += host.addresses.size();
  EXPECT_EQ(addresses, 40u);
}

TEST(Route, AddressLiterals) {
  FakeDns dns;
  EXPECT_EQ(Find(dns, "[192.0.2.9]").hosts[0].addresses, std::vector<std::string>{"192.0.2.9"});
  EXPECT_EQ(Find(dns, "[IPv6:2001:db8::9]").hosts[0].addresses,
            std::vector<std::string>{"2001:db8::9"});
  EXPECT_EQ(Find(dns, "[nonsense]").status, Status::kNxDomain);
}

PtrNames Verify(FakeDns& dns, const std::string& ip) {
  PtrNames names;
  VerifyPtr(dns, ip, [&names](PtrNames found) { names = std::move(found); });
  return names;
}

TEST(VerifyPtr, OnlyNamesThatLeadBack) {
  FakeDns dns;
  dns.Add("1.2.0.192.in-addr.arpa", Type::kPtr,
          {Plain("good.org"), Plain("liar.org"), Plain("gone.org")});
  dns.Add("good.org", Type::kA, {Plain("192.0.2.7"), Plain("192.0.2.1")});
  dns.Add("liar.org", Type::kA, {Plain("192.0.2.2")});
  EXPECT_EQ(Verify(dns, "192.0.2.1").names, std::vector<std::string>{"good.org"});
  EXPECT_EQ(Verify(dns, "192.0.2.2").status, Status::kNxDomain);
  dns.Add("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", Type::kPtr,
          {Plain("six.org")});
  dns.Add("six.org", Type::kAaaa, {Plain("2001:db8::1")});
  EXPECT_EQ(Verify(dns, "2001:db8::1").names, std::vector<std::string>{"six.org"});
}

TEST(Record, OffTheWire) {
  Record record;
  ASSERT_TRUE(DecodeRecord(Type::kMx, std::string_view("\0\012\2mx\1a\0", 8), record));
  EXPECT_EQ(record.preference, 10);
  EXPECT_EQ(record.value, "mx.a");
  record = {};
  ASSERT_TRUE(DecodeRecord(Type::kMx, std::string_view("\0\0\0", 3), record));
  EXPECT_EQ(record.value, "");
  ASSERT_TRUE(DecodeRecord(Type::kPtr, std::string_view("\4a\r\n.\0", 6), record));
  EXPECT_EQ(record.value, "a\\013\\010\\046");
  record = {};
  ASSERT_TRUE(DecodeRecord(Type::kTxt, "\2ab\1c", record));
  EXPECT_EQ(record.value, "abc");
  for (std::string_view bad : {"", "\2a", "\100", "\1a"})
    EXPECT_FALSE(DecodeRecord(Type::kPtr, bad, record));
  EXPECT_FALSE(DecodeRecord(Type::kA, "abc", record));
  EXPECT_FALSE(DecodeRecord(Type::kTxt, "\5ab", record));
}

}  // namespace
}  // namespace pennypost::resolver
