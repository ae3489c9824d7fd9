#include "services/filter/resolver_dns.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "rpc/controller.h"
#include "testing/fake_clock.h"

namespace pennypost::filter {
namespace {

using mailauth::DnsStatus;
using mailauth::DnsType;

class CountingResolver final : public resolver::v1::ResolverService {
 public:
  void Lookup(google::protobuf::RpcController* controller,
              const resolver::v1::LookupRequest* request, resolver::v1::LookupResponse* response,
              google::protobuf::Closure* done) override {
    ++asked;
    if (down) return rpc::Finish(controller, done, UnavailableError("down"));
    response->set_status(status);
    response->set_ttl_seconds(60);
    response->set_secure(true);
    response->add_records()->set_value(request->name());
    done->Run();
  }

  int asked = 0;
  bool down = false;
  resolver::v1::DnsStatus status = resolver::v1::DNS_STATUS_OK;
};

class ResolverDnsTest : public ::testing::Test {
 protected:
  mailauth::DnsAnswer Ask(const std::string& name, DnsType type = DnsType::kTxt) {
    boost::asio::io_context io;
    mailauth::DnsQuestion question{name, type};
    auto answer = boost::asio::co_spawn(io, dns_.Ask(std::move(question), absl::Seconds(5)),
                                        boost::asio::use_future);
    io.run();
    return answer.get();
  }

  testing::FakeClock clock_;
  CountingResolver server_;
  resolver::v1::ResolverService* resolver_ = &server_;
  ResolverDns dns_{resolver_, clock_};
};

TEST_F(ResolverDnsTest, AnAnswerHoldsForItsTime) {
  for (int i = 0; i < 3; ++i) {
    mailauth::DnsAnswer answer = Ask("far.test");
    EXPECT_EQ(answer.status, DnsStatus::kOk);
    EXPECT_EQ(answer.records, std::vector<std::string>{"far.test"});
    EXPECT_TRUE(answer.secure);
  }
  EXPECT_EQ(server_.asked, 1);
  Ask("far.test", DnsType::kMx);
  Ask("near.test");
  EXPECT_EQ(server_.asked, 3);
  clock_.Advance(absl::Seconds(60));
  Ask("far.test");
  EXPECT_EQ(server_.asked, 4);
}

TEST_F(ResolverDnsTest, TroubleHoldsForASecond) {
  server_.status = resolver::v1::DNS_STATUS_TEMPORARY;
  EXPECT_EQ(Ask("far.test").status, DnsStatus::kServFail);
  server_.status = resolver::v1::DNS_STATUS_OK;
  EXPECT_EQ(Ask("far.test").status, DnsStatus::kServFail);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Ask("far.test").status, DnsStatus::kOk);
}

TEST_F(ResolverDnsTest, AResolverThatIsAwayIsAskedAgain) {
  server_.down = true;
  EXPECT_EQ(Ask("far.test").status, DnsStatus::kTimeout);
  server_.down = false;
  EXPECT_EQ(Ask("far.test").status, DnsStatus::kOk);
}

}  // namespace
}  // namespace pennypost::filter
