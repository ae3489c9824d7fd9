// libunbound against a real name server with a signed zone.

#include <gtest/gtest.h>

#include <future>

#include "base/status.h"
#include "services/resolver/core/route.h"
#include "services/resolver/core/unbound_client.h"
#include "tests/lab/dns_lab.h"

namespace pennypost::resolver {
namespace {

class UnboundTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string many;
    for (int i = 0; i < 30; ++i)
      many += "many MX " + std::to_string(i) + " m" + std::to_string(i) + "\n";
    lab_ = new testing::DnsLab(
        {{"signed.test",
          "@ MX 10 mx1\n@ MX 20 mx2\n@ TXT \"one \" \"two\"\nmx1 A 192.0.2.1\nmx1 AAAA "
          "2001:db8::1\n"
          "mx2 A 192.0.2.2\nalias CNAME signed.test.\nbogus TXT \"corrupt-me\"\n"
          "_25._tcp.mx1 TLSA 3 1 1 "
          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"}},
        {{"plain.test", "@ MX 0 .\nhost A 192.0.2.9\n" + many},
         {"2.0.192.in-addr.arpa", "9 PTR host.plain.test.\n8 PTR host.plain.test.\n"}});
    ASSERT_GT(lab_->port(), 0);
    UnboundOptions options;
    options.upstream = {lab_->upstream()};
    options.trust_anchor_file = lab_->anchor();
    options.timeout = absl::Seconds(5);
    absl::StatusOr<std::unique_ptr<UnboundClient>> client = UnboundClient::Create(options);
    ASSERT_TRUE(client.ok()) << Describe(client.status());
    client_ = client->release();
  }
  static void TearDownTestSuite() {
    delete client_;
    delete lab_;
  }

  static Answer Ask(const std::string& name, Type type, UnboundClient* client = client_) {
    std::promise<Answer> promise;
    client->Lookup(name, type, [&promise](Answer answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
  static Route Find(const std::string& domain) {
    std::promise<Route> promise;
    FindRoute(
        *client_, domain, [](uint32_t) { return 0u; },
        [&promise](Route route) { promise.set_value(std::move(route)); });
    return promise.get_future().get();
  }

  static inline testing::DnsLab* lab_ = nullptr;
  static inline UnboundClient* client_ = nullptr;
};

TEST_F(UnboundTest, ValidatesASignedZone) {
  Answer txt = Ask("signed.test", Type::kTxt);
  EXPECT_EQ(txt.status, Status::kOk) << txt.detail;
  EXPECT_TRUE(txt.secure);
  ASSERT_EQ(txt.records.size(), 1u);
  EXPECT_EQ(txt.records[0].value, "one two");
  EXPECT_GT(txt.ttl_seconds, 0u);
  Answer tlsa = Ask("_25._tcp.mx1.signed.test", Type::kTlsa);
  EXPECT_TRUE(tlsa.secure);
  ASSERT_EQ(tlsa.records.size(), 1u);
  EXPECT_EQ(tlsa.records[0].usage, 3);
  EXPECT_EQ(tlsa.records[0].value.size(), 32u);
  Answer absent = Ask("absent.signed.test", Type::kTxt);
  EXPECT_EQ(absent.status, Status::kNxDomain);
  EXPECT_TRUE(absent.secure);
}

TEST_F(UnboundTest, BogusIsNeverAnAnswer) {
  Answer bogus = Ask("bogus.signed.test", Type::kTxt);
  EXPECT_EQ(bogus.status, Status::kBogus);
  EXPECT_TRUE(bogus.records.empty());
  EXPECT_FALSE(bogus.detail.empty());
}

TEST_F(UnboundTest, APlainZoneIsInsecure) {
  Answer a = Ask("host.plain.test", Type::kA);
  EXPECT_EQ(a.status, Status::kOk) << a.detail;
  EXPECT_FALSE(a.secure);
  EXPECT_EQ(Ask("host.plain.test", Type::kTxt).status, Status::kNoData);
  EXPECT_EQ(Ask("nope.plain.test", Type::kA).status, Status::kNxDomain);
  EXPECT_EQ(Ask("elsewhere.invalid-zone", Type::kA).status, Status::kTemporary);
  EXPECT_EQ(Ask(std::string(70, 'x') + ".test", Type::kA).status, Status::kNxDomain);
}

TEST_F(UnboundTest, Routes) {
  Route route = Find("signed.test");
  ASSERT_EQ(route.hosts.size(), 2u) << route.detail;
  EXPECT_EQ(route.hosts[0].name, "mx1.signed.test");
  EXPECT_EQ(route.hosts[0].addresses, (std::vector<std::string>{"2001:db8::1", "192.0.2.1"}));
  EXPECT_EQ(Find("alias.signed.test").hosts.size(), 2u);
  EXPECT_TRUE(Find("plain.test").null_mx);
  EXPECT_EQ(Find("many.plain.test").hosts.size(), 20u);
  EXPECT_TRUE(Find("host.plain.test").implicit);
}

TEST_F(UnboundTest, ForwardConfirmedNames) {
  for (const auto& [ip, names] : std::map<std::string, std::vector<std::string>>{
           {"192.0.2.9", {"host.plain.test"}}, {"192.0.2.8", {}}}) {
    std::promise<PtrNames> promise;
    VerifyPtr(*client_, ip, [&promise](PtrNames found) { promise.set_value(std::move(found)); });
    EXPECT_EQ(promise.get_future().get().names, names) << ip;
  }
}

TEST_F(UnboundTest, ASilentServerIsATimeout) {
  UnboundOptions options;
  options.upstream = {"127.0.0.1@1"};
  options.timeout = absl::Milliseconds(300);
  std::unique_ptr<UnboundClient> client = *UnboundClient::Create(options);
  EXPECT_EQ(Ask("signed.test", Type::kA, client.get()).status, Status::kTemporary);
  // What is open at the end is answered, too.
  std::promise<Answer> promise;
  client->Lookup("other.test", Type::kA,
                 [&promise](Answer answer) { promise.set_value(std::move(answer)); });
  client.reset();
  EXPECT_EQ(promise.get_future().get().status, Status::kTemporary);
}

TEST_F(UnboundTest, StubZones) {
  UnboundOptions options;
  options.recursive = true;
  options.stubs = {{"plain.test", lab_->upstream()}};
  std::unique_ptr<UnboundClient> client = *UnboundClient::Create(options);
  EXPECT_EQ(Ask("host.plain.test", Type::kA, client.get()).status, Status::kOk);
}

TEST(UnboundOptions, MistakesAreRefused) {
  UnboundOptions options;
  options.upstream = {"not an address"};
  EXPECT_FALSE(UnboundClient::Create(options).ok());
  options.upstream = {};
  options.trust_anchor_file = "/nonexistent/anchor";
  EXPECT_FALSE(UnboundClient::Create(options).ok());
}

}  // namespace
}  // namespace pennypost::resolver
