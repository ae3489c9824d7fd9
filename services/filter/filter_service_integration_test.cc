// The service with a real Redis.

#include "services/filter/filter_service.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cstdlib>
#include <thread>

#include "base/id.h"
#include "redis/client.h"
#include "rpc/call.h"
#include "testing/fake_clock.h"

namespace pennypost::filter {
namespace {

class NoDns final : public DnsAsker {
 public:
  net::Awaitable<mailauth::DnsAnswer> Ask(mailauth::DnsQuestion, absl::Duration) override {
    co_return mailauth::DnsAnswer{mailauth::DnsStatus::kTimeout, {}, false};
  }
};

// One instance of the service.
class Instance {
 public:
  explicit Instance(uint32_t connections) : redis_(io_, getenv("PENNYPOST_TEST_REDIS"), "") {
    JudgeOptions options;
    options.connections_per_minute = connections;
    judge_ = std::make_unique<Judge>(std::move(options), *Policy::Create({}), limiter_, greylist_,
                                     dns_, SystemClock());
    service_ = std::make_unique<FilterService>(io_.get_executor(), *judge_);
  }
  v1::CheckResponse Check(const v1::CheckRequest& request) {
    auto call = rpc::Call(static_cast<v1::FilterService&>(*service_), &v1::FilterService::Check,
                          request, absl::Seconds(5));
    auto future = boost::asio::co_spawn(io_, std::move(call), boost::asio::use_future);
    io_.restart();
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io_.run_one();
    absl::StatusOr<v1::CheckResponse> response = future.get();
    EXPECT_TRUE(response.ok()) << Describe(response.status());
    return response.ok() ? *response : v1::CheckResponse();
  }

 private:
  boost::asio::io_context io_;
  redis::Client redis_;
  RateLimiter limiter_{redis_, SystemClock()};
  Greylist greylist_{redis_, SystemClock(), {}};
  NoDns dns_;
  std::unique_ptr<Judge> judge_;
  std::unique_ptr<FilterService> service_;
};

TEST(FilterService, TwoInstancesShareTheirLimits) {
  Instance one(1'000'000), two(1'000'000), strict(20);
  v1::CheckRequest request;
  request.set_stage(v1::CheckRequest::STAGE_CONNECTION);
  request.mutable_origin()->set_client_ip("192.0.2.1");
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(one.Check(request).action(), v1::CheckResponse::ACTION_ALLOW);
    EXPECT_EQ(two.Check(request).action(), v1::CheckResponse::ACTION_ALLOW);
  }
  // 30 came by the others, in one minute or in two: never fewer than 15 in this one.
  int refused = 0;
  for (int i = 0; i < 10; ++i)
    refused += strict.Check(request).action() == v1::CheckResponse::ACTION_DEFER ? 1 : 0;
  EXPECT_GT(refused, 0);
}

TEST(FilterService, VerdictOnAMessage) {
  Instance instance(0);
  v1::CheckRequest request;
  request.set_stage(v1::CheckRequest::STAGE_MESSAGE);
  request.mutable_origin()->set_client_ip("192.0.2.1");
  request.mutable_envelope()->set_sender("joe@example.com");
  request.set_authserv_id("mx.a.test");
  request.set_content(
      "Authentication-Results: mx.a.test; none\r\nFrom: joe@example.com\r\n\r\nx\r\n");
  v1::CheckResponse response = instance.Check(request);
  EXPECT_EQ(response.action(), v1::CheckResponse::ACTION_ALLOW);
  ASSERT_EQ(response.header_edits_size(), 2);
  EXPECT_EQ(response.header_edits(0).kind(), v1::HeaderEdit::KIND_REMOVE);
  EXPECT_EQ(response.header_edits(1).kind(), v1::HeaderEdit::KIND_PREPEND);
  EXPECT_EQ(response.auth_results(0).result(), "temperror");
  EXPECT_EQ(response.auth_results(0).identity(), "joe@example.com");
  EXPECT_EQ(response.symbols(0).name(), "SPF_TEMPERROR");
}

class GreylistTest : public ::testing::Test {
 protected:
  GreylistTest() : redis_(io_, getenv("PENNYPOST_TEST_REDIS"), "") {
    options_.allow_after = 2;
    // Its own senders in each test: Redis outlives them.
    domain_ = "@" + NewUuidV7(absl::Now()).ToString() + ".test";
  }
  template <class T>
  T Await(net::Awaitable<T> call) {
    auto future = boost::asio::co_spawn(io_, std::move(call), boost::asio::use_future);
    io_.restart();
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io_.run_one();
    return future.get();
  }
  // Seconds to wait.
  int64_t WaitFor(const std::string& peer, const std::string& sender) {
    Greylist greylist(redis_, clock_, options_);
    auto call = greylist.WaitFor(*net::IpAddress::Parse(peer), sender + domain_, "Bob@a.test");
    return absl::ToInt64Seconds(Await(std::move(call)));
  }

  boost::asio::io_context io_;
  redis::Client redis_;
  testing::FakeClock clock_;
  GreylistOptions options_;
  std::string domain_;
};

TEST_F(GreylistTest, TheSecondTryIsLetIn) {
  std::string network = "198.51." + std::to_string(absl::ToUnixNanos(absl::Now()) % 250) + ".";
  auto clear = redis_.Command({"DEL", "pp:grey:net:" + network + "0/24"});
  ASSERT_TRUE(Await(std::move(clear)).ok());
  EXPECT_EQ(WaitFor(network + "1", "joe"), 300);
  clock_.Advance(absl::Seconds(100));
  EXPECT_EQ(WaitFor(network + "1", "joe"), 200) << "the first try counts, not the last";
  clock_.Advance(absl::Seconds(200));
  EXPECT_EQ(WaitFor(network + "1", "ann"), 300) << "another sender";
  EXPECT_EQ(WaitFor(network + "9", "JOE"), 0) << "from a neighbour in the network";
  EXPECT_EQ(WaitFor(network + "1", "joe"), 0) << "known from now on";
  EXPECT_EQ(WaitFor(network + "1", "eve"), 300) << "one that came back makes no known network";
  clock_.Advance(absl::Seconds(300));
  EXPECT_EQ(WaitFor(network + "1", "ann"), 0);
  EXPECT_EQ(WaitFor(network + "1", "kim"), 0) << "two do";
  auto again = redis_.Command({"DEL", "pp:grey:net:" + network + "0/24"});
  ASSERT_TRUE(Await(std::move(again)).ok());
}

}  // namespace
}  // namespace pennypost::filter
