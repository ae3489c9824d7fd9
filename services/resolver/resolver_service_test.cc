#include "services/resolver/resolver_service.h"

#include <gtest/gtest.h>

#include "rpc/controller.h"
#include "services/resolver/core/fake_dns.h"

namespace pennypost::resolver {
namespace {

class ResolverServiceTest : public ::testing::Test {
 protected:
  template <class Request, class Response>
  absl::Status Call(void (ResolverService::*method)(google::protobuf::RpcController*,
                                                    const Request*, Response*,
                                                    google::protobuf::Closure*),
                    const Request& request, Response& response) {
    rpc::Controller controller;
    int calls = 0;
    auto count = [](int* n) { ++*n; };
    (service_.*method)(&controller, &request, &response,
                       google::protobuf::NewCallback(static_cast<void (*)(int*)>(count), &calls));
    EXPECT_EQ(calls, 1);
    return controller.status();
  }

  FakeDns dns_;
  ResolverService service_{dns_, 1};
};

TEST_F(ResolverServiceTest, LookupCarriesAllOfAnAnswer) {
  dns_.Add("_25._tcp.mx.org", Type::kTlsa, {{"\x01\xff", 0, 3, 1, 1}}, true);
  v1::LookupRequest request;
  request.set_name("_25._tcp.mx.org");
  request.set_type(v1::RECORD_TYPE_TLSA);
  v1::LookupResponse response;
  ASSERT_TRUE(Call(&ResolverService::Lookup, request, response).ok());
  EXPECT_EQ(response.status(), v1::DNS_STATUS_OK);
  EXPECT_TRUE(response.secure());
  EXPECT_EQ(response.records(0).value(), "\x01\xff");
  EXPECT_EQ(response.records(0).usage(), 3u);
}

TEST_F(ResolverServiceTest, TroubleIsAnAnswerAndNonsenseAnError) {
  const std::pair<Status, v1::DnsStatus> rows[] = {{Status::kNxDomain, v1::DNS_STATUS_NXDOMAIN},
                                                   {Status::kNoData, v1::DNS_STATUS_NODATA},
                                                   {Status::kTemporary, v1::DNS_STATUS_TEMPORARY},
                                                   {Status::kBogus, v1::DNS_STATUS_BOGUS}};
  for (const auto& [status, expected] : rows) {
    dns_.Fail("x.org", Type::kTxt, status);
    v1::LookupRequest request;
    request.set_name("x.org");
    request.set_type(v1::RECORD_TYPE_TXT);
    v1::LookupResponse response;
    ASSERT_TRUE(Call(&ResolverService::Lookup, request, response).ok());
    EXPECT_EQ(response.status(), expected);
  }
  v1::LookupRequest unspecified;
  unspecified.set_name("x.org");
  v1::LookupResponse response;
  EXPECT_EQ(Call(&ResolverService::Lookup, unspecified, response).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ResolverServiceTest, RoutesAndNames) {
  dns_.Add("a.org", Type::kMx, {{"mx.a.org", 10, 0, 0, 0}});
  dns_.Add("mx.a.org", Type::kA, {{"192.0.2.1", 0, 0, 0, 0}});
  dns_.Add("1.2.0.192.in-addr.arpa", Type::kPtr, {{"mx.a.org", 0, 0, 0, 0}});
  v1::ResolveRouteRequest request;
  request.set_domain("a.org");
  v1::ResolveRouteResponse route;
  ASSERT_TRUE(Call(&ResolverService::ResolveRoute, request, route).ok());
  ASSERT_EQ(route.hosts_size(), 1);
  EXPECT_EQ(route.hosts(0).addresses(0), "192.0.2.1");
  EXPECT_EQ(route.hosts(0).status(), v1::DNS_STATUS_OK);
  v1::VerifyPtrRequest ip;
  ip.set_ip("192.0.2.1");
  v1::VerifyPtrResponse names;
  ASSERT_TRUE(Call(&ResolverService::VerifyPtr, ip, names).ok());
  EXPECT_EQ(names.names(0), "mx.a.org");
}

}  // namespace
}  // namespace pennypost::resolver
