#include "services/relay/core/dispatcher.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <thread>

#include "net/stream.h"
#include "services/relay/core/content.h"
#include "services/relay/store/memory_store.h"
#include "testing/fake_clock.h"

namespace pennypost::relay {
namespace {

using Kind = DeliveryResult::Kind;

// The world around a dispatcher: what it hands out is recorded, what comes back is scripted by
// address.
class World final : public TransportFactory, public RecipientResolver, public Signer {
 public:
  struct Sent {
    std::string recipient, content;
    bool local;
  };

  std::unique_ptr<Transport> Local() override { return std::make_unique<Way>(*this, true); }
  std::unique_ptr<Transport> Remote(const std::string&) override {
    ++transports;
    return std::make_unique<Way>(*this, false);
  }
  net::Awaitable<absl::StatusOr<Resolution>> Resolve(std::string address) override {
    if (directory_down) co_return UnavailableError("down");
    if (DomainOf(address) != "a.test") co_return Resolution{};
    if (address == "nobody@a.test") co_return Resolution{Resolution::Kind::kUnknown, {}};
    if (address == "off@a.test") co_return Resolution{Resolution::Kind::kSuspended, {}};
    Recipient target;
    target.address = address;
    target.account_id = 1;
    co_return Resolution{Resolution::Kind::kLocal, {target}};
  }
  net::Awaitable<absl::StatusOr<std::string>> Sign(const Message&, std::string_view) override {
    co_return "Signed: " + std::to_string(++signatures) + "\r\n";
  }

  class Way final : public Transport {
   public:
    Way(World& world, bool local) : world_(world), local_(local) {}
    net::Awaitable<std::vector<DeliveryResult>> Deliver(const Attempt& attempt) override {
      std::vector<DeliveryResult> results;
      int now = ++world_.at_once;
      world_.most_at_once = std::max(world_.most_at_once, now);
      auto sleep = net::Sleep(world_.slowness);
      co_await std::move(sleep);
      if (world_.meanwhile) world_.meanwhile();
      for (const Delivery& delivery : *attempt.deliveries) {
        DeliveryResult result{
            attempt.still_mine() ? world_.Answer(delivery.recipient.address) : Kind::kLost,
            {250, "2.0.0", "words"},
            "",
            local_,
            false};
        if (result.kind == Kind::kFailed) result.reply = {550, "5.1.1", "no"};
        if (result.kind == Kind::kDeferred) result.reply = {451, "4.2.0", "later"};
        world_.sent.push_back({delivery.recipient.address, std::string(attempt.content), local_});
        results.push_back(std::move(result));
      }
      --world_.at_once;
      co_return results;
    }
    net::Awaitable<void> Close() override { co_return; }

   private:
    World& world_;
    bool local_;
  };

  Kind Answer(const std::string& address) const {
    auto found = answers.find(address);
    return found == answers.end() ? Kind::kDelivered : found->second;
  }

  std::map<std::string, Kind> answers;
  std::vector<Sent> sent;
  absl::Duration slowness = absl::ZeroDuration();
  std::function<void()> meanwhile;  // happens in the middle of a delivery
  bool directory_down = false;
  int transports = 0, signatures = 0, at_once = 0, most_at_once = 0;
};

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    options_.owner = "w";
    options_.poll = absl::Milliseconds(1);
    options_.reconcile = absl::Milliseconds(5);
    options_.lease = absl::Hours(1);
    options_.retry = DefaultRetryPolicy();
    options_.retry.hostname = "mx.a.test";
  }

  Uuid Enqueue(std::vector<std::string> recipients, std::string sender = "joe@a.test") {
    NewMessage message;
    message.message.mail_id = NewUuidV7(clock_.Now());
    message.message.sender = std::move(sender);
    message.message.queued_at = clock_.Now();
    message.message.content = "From: joe@a.test\r\n\r\nbare\nline\r\n";
    for (std::string& address : recipients) {
      Recipient recipient;
      recipient.address = std::move(address);
      message.recipients.push_back(std::move(recipient));
    }
    EXPECT_TRUE(*store_.Enqueue(message));
    return message.message.mail_id;
  }
  bool HasDue() {
    std::vector<DeliveryRow> rows = *store_.List({}, {}, 10000);
    for (const DeliveryRow& row : rows) {
      if (row.state == State::kLeased ||
          (row.state == State::kQueued && row.next_at <= clock_.Now()))
        return true;
    }
    return false;
  }
  // Runs until nothing is due any more.
  void Run() {
    boost::asio::io_context io;
    rpc::WorkerPool pool(2, 1000);
    DispatcherParts parts{store_, pool, world_, world_, world_, clock_};
    Dispatcher dispatcher(io.get_executor(), parts, options_);
    dispatcher.Start();
    absl::Time deadline = absl::Now() + absl::Seconds(10);
    while (HasDue() && absl::Now() < deadline) io.run_for(std::chrono::milliseconds(2));
    EXPECT_FALSE(HasDue());
    dispatcher.BeginDrain();
    io.run_for(std::chrono::seconds(5));
    EXPECT_EQ(dispatcher.in_flight(), 0);
  }
  std::string StateOf(const std::string& recipient) {
    DeliveryFilter filter;
    filter.recipient = recipient;
    std::string states;
    std::vector<DeliveryRow> rows = *store_.List(filter, {}, 100);
    for (const DeliveryRow& row : rows) states += std::string(StateName(row.state)) + " ";
    return states;
  }
  int CountSent(const std::string& recipient) {
    return static_cast<int>(
        std::count_if(world_.sent.begin(), world_.sent.end(),
                      [&](const World::Sent& sent) { return sent.recipient == recipient; }));
  }

  testing::FakeClock clock_;
  MemoryStore store_{clock_};
  World world_;
  DispatcherOptions options_;
};

TEST_F(DispatcherTest, DeliversLocallyAndOutside) {
  Uuid id = Enqueue({"ann@a.test", "bob@b.test", "cid@b.test", "dan@c.test"});
  Run();
  EXPECT_EQ(world_.sent.size(), 4u);
  EXPECT_EQ(StateOf("ann@a.test"), "delivered ");
  EXPECT_EQ(StateOf("dan@c.test"), "delivered ");
  EXPECT_EQ(world_.transports, 2);  // bob and cid share one
  for (const World::Sent& sent : world_.sent) {
    EXPECT_EQ(sent.content, world_.sent[0].content);  // whoever signs first signs for all
    EXPECT_TRUE(sent.content.ends_with("\r\nFrom: joe@a.test\r\n\r\nbare\r\nline\r\n"));
  }
  EXPECT_FALSE(store_.LoadMessage(id).ok());
}

TEST_F(DispatcherTest, AFailureBecomesAReportToTheSender) {
  world_.answers["bob@b.test"] = Kind::kFailed;
  Enqueue({"bob@b.test", "nobody@a.test"});
  Run();
  EXPECT_EQ(StateOf("bob@b.test"), "bounced ");
  EXPECT_EQ(StateOf("nobody@a.test"), "bounced ");
  EXPECT_EQ(CountSent("joe@a.test"), 2);  // one report a recipient, delivered here
  EXPECT_EQ(StateOf("joe@a.test"), "delivered delivered ");
}

TEST_F(DispatcherTest, AFailingReportEndsThere) {
  world_.answers["bob@b.test"] = Kind::kFailed;
  world_.answers["joe@x.test"] = Kind::kFailed;
  Enqueue({"bob@b.test"}, "joe@x.test");
  Enqueue({"bob@b.test"}, "");
  Run();
  EXPECT_EQ(StateOf("joe@x.test"), "bounced ");
  EXPECT_EQ(store_.List({}, {}, 100)->size(), 3u);
}

// ROBUSTNESS N3
TEST_F(DispatcherTest, FiveDaysOfTroubleThenItIsReported) {
  world_.answers["bob@b.test"] = Kind::kDeferred;
  Enqueue({"bob@b.test"});
  int hours = 0;
  while (StateOf("bob@b.test") == "queued ") {
    Run();
    ASSERT_LT(++hours, 130);
    clock_.Advance(absl::Hours(1));
  }
  EXPECT_EQ(StateOf("bob@b.test"), "bounced ");
  EXPECT_GE(hours, 119);
  EXPECT_EQ(CountSent("joe@a.test"), 2);  // that of the delay, and that of the failure
}

TEST_F(DispatcherTest, TheSameBytesAtEveryAttempt) {
  world_.answers["bob@b.test"] = Kind::kDeferred;
  Enqueue({"bob@b.test"});
  Run();
  clock_.Advance(absl::Minutes(5));
  Run();
  ASSERT_EQ(world_.sent.size(), 2u);
  EXPECT_EQ(world_.sent[0].content, world_.sent[1].content);
  EXPECT_EQ(world_.signatures, 1);
}

TEST_F(DispatcherTest, WithoutTheDirectoryNothingBounces) {
  world_.directory_down = true;
  Enqueue({"nobody@a.test", "bob@b.test"});
  Run();
  EXPECT_EQ(StateOf("nobody@a.test"), "queued ");
  EXPECT_TRUE(world_.sent.empty());
}

TEST_F(DispatcherTest, MailForASuspendedOwnerWaits) {
  Enqueue({"off@a.test"});
  Run();
  EXPECT_EQ(StateOf("off@a.test"), "queued ");
  EXPECT_TRUE(world_.sent.empty());
}

TEST_F(DispatcherTest, ARouteHasItsLimit) {
  options_.max_per_route = 3;
  world_.slowness = absl::Milliseconds(2);
  for (int i = 0; i < 30; ++i) Enqueue({"bob@b.test"});
  Run();
  EXPECT_EQ(CountSent("bob@b.test"), 30);
  EXPECT_LE(world_.most_at_once, 3);
  EXPECT_GE(world_.most_at_once, 2);
  EXPECT_LE(world_.transports, 30);
}

// ROBUSTNESS K9
TEST_F(DispatcherTest, AWorkerThatLostItsLeaseWritesNothing) {
  world_.slowness = absl::Milliseconds(50);
  Enqueue({"bob@b.test"});
  boost::asio::io_context io;
  rpc::WorkerPool pool(2, 1000);
  Dispatcher zombie(io.get_executor(), {store_, pool, world_, world_, world_, clock_, clock_},
                    options_);
  zombie.Start();
  while (StateOf("bob@b.test") != "leased ") io.run_for(std::chrono::milliseconds(1));
  clock_.Advance(absl::Hours(3));  // three leases pass while it is in the middle of a delivery
  ASSERT_EQ(*store_.RequeueExpired(absl::Hours(1)), 1);
  ClaimOptions other{"other", 10, absl::Hours(1), {}, clock_.Now()};
  ASSERT_EQ(store_.Claim(other)->size(), 1u);
  zombie.BeginDrain();
  io.run_for(std::chrono::seconds(2));
  EXPECT_EQ(StateOf("bob@b.test"), "leased ");
  EXPECT_TRUE(store_.HistoryOf("bob@b.test", 10)->empty());
}

// Whoever sets this machine's clock neither ends a lease nor makes one last: the store's clock and
// the time since the start of the machine decide.
TEST_F(DispatcherTest, K10_LeasesGoByAClockThatNobodySets) {
  const absl::Duration jumps[] = {absl::Hours(1), absl::Hours(24 * 3653), -absl::Hours(1),
                                  -absl::Hours(24 * 3653),
                                  absl::FromUnixSeconds(1LL << 31) - clock_.Now()};
  for (absl::Duration jump : jumps) {
    for (bool slept : {false, true}) {
      testing::FakeClock wall(clock_.Now()), up(absl::FromUnixSeconds(5000));
      world_.sent.clear();
      // At the moment of the delivery itself: no lease is renewed in between.
      world_.meanwhile = [&] {
        wall.Advance(jump);
        if (slept) up.Advance(absl::Hours(3));
      };
      Uuid id = Enqueue({"bob@b.test"});
      boost::asio::io_context io;
      rpc::WorkerPool pool(2, 1000);
      Dispatcher dispatcher(io.get_executor(), {store_, pool, world_, world_, world_, wall, up},
                            options_);
      dispatcher.Start();
      while (CountSent("bob@b.test") == 0) io.run_for(std::chrono::milliseconds(1));
      dispatcher.BeginDrain();
      io.run_for(std::chrono::seconds(2));
      EXPECT_EQ(CountSent("bob@b.test"), 1);
      std::vector<DeliveryRow> rows = *store_.List({}, {}, 100);
      auto row = std::find_if(rows.begin(), rows.end(),
                              [&](const DeliveryRow& one) { return one.mail_id == id; });
      bool done = row == rows.end() || row->state == State::kDelivered;
      EXPECT_NE(done, slept) << absl::FormatDuration(jump);
    }
  }
}

TEST_F(DispatcherTest, ADatabaseThatIsAwayForAWhile) {
  Enqueue({"bob@b.test"});
  world_.slowness = absl::Milliseconds(30);
  boost::asio::io_context io;
  rpc::WorkerPool pool(2, 1000);
  Dispatcher dispatcher(io.get_executor(), {store_, pool, world_, world_, world_, clock_},
                        options_);
  dispatcher.Start();
  while (world_.at_once == 0) io.run_for(std::chrono::milliseconds(1));
  store_.SetDownForTest(UnavailableError("down"));
  io.run_for(std::chrono::milliseconds(100));
  store_.SetDownForTest(absl::OkStatus());
  dispatcher.BeginDrain();
  io.run_for(std::chrono::seconds(3));
  EXPECT_EQ(StateOf("bob@b.test"), "delivered ");
  EXPECT_EQ(CountSent("bob@b.test"), 1);
}

// A lease that ran out while the database was away is given to another only after the worker that
// holds it has had time to write what it has in hand.
TEST_F(DispatcherTest, ExpiredLeasesWaitAfterTheDatabaseWasAway) {
  options_.reconcile = absl::Milliseconds(200);
  Enqueue({"bob@b.test"});
  ASSERT_EQ(store_.Claim({"other", 10, absl::Hours(1), {}, clock_.Now()})->size(), 1u);
  store_.SetDownForTest(UnavailableError("down"));
  boost::asio::io_context io;
  rpc::WorkerPool pool(2, 1000);
  Dispatcher dispatcher(io.get_executor(), {store_, pool, world_, world_, world_, clock_},
                        options_);
  dispatcher.Start();
  io.run_for(std::chrono::seconds(1));
  clock_.Advance(absl::Hours(2));
  absl::Time back = absl::Now();
  store_.SetDownForTest(absl::OkStatus());
  while (CountSent("bob@b.test") == 0 && absl::Now() - back < absl::Seconds(10))
    io.run_for(std::chrono::milliseconds(1));
  EXPECT_EQ(CountSent("bob@b.test"), 1);
  EXPECT_GE(absl::Now() - back, options_.reconcile);
  dispatcher.BeginDrain();
  io.run_for(std::chrono::seconds(5));
}

// An outcome that the database does not take holds up no other, and is written without its words.
TEST_F(DispatcherTest, AnOutcomeThatCannotBeStoredIsWrittenWithoutItsWords) {
  world_.answers["bob@b.test"] = Kind::kFailed;
  store_.RefuseReplyForTest("550 5.1.1 no");
  Enqueue({"bob@b.test", "cid@b.test", "dan@c.test"});
  absl::Time begin = absl::Now();
  Run();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  EXPECT_EQ(StateOf("bob@b.test"), "bounced ");
  EXPECT_EQ(StateOf("cid@b.test"), "delivered ");
  EXPECT_EQ(StateOf("dan@c.test"), "delivered ");
  EXPECT_EQ(CountSent("bob@b.test"), 1);
  EXPECT_EQ(CountSent("joe@a.test"), 1);  // the report
  DeliveryFilter bob;
  bob.recipient = "bob@b.test";
  EXPECT_EQ(store_.List(bob, {}, 1)->at(0).last_reply, "the answer cannot be stored");
}

TEST(Content, NormalizedAsTheWriterWould) {
  EXPECT_EQ(NormalizeLines("a\nb\rc\r\nd\r\r\n" + std::string(1, '\0') + "e"),
            "a\r\nb\r\nc\r\nd\r\n\r\ne\r\n");
  EXPECT_EQ(FromDomain("From: \"x@evil.test\" <joe@A.test>\r\n\r\n"), "a.test");
  EXPECT_EQ(FromDomain("From: joe@a.test (Joe)\r\n\r\n"), "a.test");
  EXPECT_EQ(FromDomain("To: a@b\r\n\r\n"), "");
}

}  // namespace
}  // namespace pennypost::relay
