#include "services/mailbox/change_news.h"

#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <condition_variable>
#include <cstdlib>
#include <thread>

#include "base/id.h"
#include "mailbox_sql.h"
#include "rpc/blocking_call.h"
#include "services/mailbox/mailbox_service.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

constexpr int64_t kAccount = 771001;

// One pod of the mailbox service.
class Pod {
 public:
  Pod()
      : store_(getenv("PENNYPOST_TEST_DSN"), 2, 1),
        news_(io_, getenv("PENNYPOST_TEST_REDIS"), "",
              [this](int64_t account) {
                ++heard_;
                service_.ChangedElsewhere(account);
              }),
        service_(store_, {}, 2, {}),
        thread_([this] { io_.run(); }) {
    service_.Start([this](int64_t account) { news_.Tell(account); });
    news_.Start();
  }
  ~Pod() {
    news_.Stop();
    io_.stop();
    thread_.join();
  }

  MailboxServiceImpl& service() { return service_; }
  int heard() const { return heard_; }

  void Append() {
    v1::AppendRequest request;
    request.set_account_id(kAccount);
    request.set_mailbox("INBOX");
    request.set_content("Subject: news\r\n\r\n");
    request.set_request_id(NewUuidV7(absl::Now()).ToString());
    auto stored = rpc::CallAndWait(static_cast<v1::MailboxService&>(service_),
                                   &v1::MailboxService::Append, request, absl::Seconds(10));
    ASSERT_TRUE(stored.ok()) << Describe(stored.status());
  }
  uint64_t WaitForChange(uint64_t since) {
    v1::WaitForChangesRequest request;
    request.set_account_id(kAccount);
    request.set_since_modseq(since);
    request.set_max_wait_ms(5000);
    auto changed =
        rpc::CallAndWait(static_cast<v1::MailboxService&>(service_),
                         &v1::MailboxService::WaitForChanges, request, absl::Seconds(10));
    return changed.ok() ? changed->modseq() : 0;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(io_);
  PgStore store_;
  std::atomic<int> heard_{0};
  ChangeNews news_;
  MailboxServiceImpl service_;
  std::thread thread_;
};

// Two sessions on different pods see each other's changes well before the next look into the
// database, which comes once a second.
TEST(ChangeNews, WakesWhoWaitsOnAnotherPod) {
  auto connection = pg::Connection::Open(getenv("PENNYPOST_TEST_DSN"));
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE(pg::Migrate(**connection, "mailbox", sql::Migrations()).ok());
  Pod one, other;
  // Until the subscription stands.
  for (int i = 0; i < 100 && other.heard() == 0; ++i) {
    one.Append();
    absl::SleepFor(absl::Milliseconds(50));
  }
  ASSERT_GT(other.heard(), 0);
  absl::Duration slowest;
  uint64_t seen = other.WaitForChange(0);
  for (int i = 0; i < 8; ++i) {
    absl::Time appended;
    std::thread writer([&] {
      absl::SleepFor(absl::Milliseconds(130));
      one.Append();
      appended = absl::Now();
    });
    uint64_t now_at = other.WaitForChange(seen);
    absl::Time woken = absl::Now();
    writer.join();
    EXPECT_GT(now_at, seen);
    seen = now_at;
    slowest = std::max(slowest, woken - appended);
  }
  EXPECT_LT(slowest, absl::Milliseconds(100));
}

}  // namespace
}  // namespace pennypost::mailbox
