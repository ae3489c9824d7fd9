#pragma once
// The worker: claims what is due, delivers it, writes what came of it.
//
// All state lives on one strand; SQL runs on a pool. A route has up to max_per_route lanes, each a
// coroutine with a transport of its own that works through the route's jobs. Leases are renewed
// while they are held; one that was not renewed for three quarters of its time counts as lost, so
// that a worker that was stopped and goes on changes nothing.
//
// Life: Start, then BeginDrain (nothing new is claimed), then FinishDrain from outside the io
// threads. What is then still open comes back by the end of its lease.

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <deque>
#include <future>
#include <map>
#include <memory>

#include "base/boot_clock.h"
#include "base/clock.h"
#include "rpc/worker_pool.h"
#include "services/relay/core/result_writer.h"
#include "services/relay/core/settle.h"
#include "services/relay/core/transport.h"
#include "services/relay/store/store.h"

namespace pennypost::relay {

struct DispatcherOptions {
  std::string owner;         // unique for each process
  int max_deliveries = 200;  // claimed at once
  int max_per_route = 10;    // lanes of one route
  absl::Duration lease = absl::Seconds(60);
  absl::Duration poll = absl::Milliseconds(250);
  absl::Duration reconcile = absl::Seconds(5);
  absl::Duration keep_finished =
      absl::Hours(8 * 24);  // longer than the queue life (ROBUSTNESS 2.5)
  RetryPolicy retry;
};

// What the dispatcher works with; all outlive it.
struct DispatcherParts {
  Store& store;
  rpc::WorkerPool& pool;
  TransportFactory& transports;
  RecipientResolver& resolver;
  Signer& signer;
  const Clock& clock;
  // What leases and patience go by: one that nobody sets (ROBUSTNESS K10).
  const Clock& boot_clock = BootClock();
};

class Dispatcher {
 public:
  Dispatcher(net::Executor executor, DispatcherParts parts, DispatcherOptions options);

  void Start();
  // Something may be due: look now. Thread-safe.
  void Wake();
  void BeginDrain();
  void FinishDrain(absl::Duration at_most);
  // Deliveries in hand.
  int in_flight() const { return in_flight_; }

 private:
  struct Job {
    Uuid mail_id;
    std::vector<Delivery> deliveries;
  };
  struct RouteState {
    std::deque<Job> jobs;
    int lanes = 0;
  };

  net::Awaitable<void> ClaimLoop();
  net::Awaitable<void> LeaseLoop();
  net::Awaitable<void> ReconcileLoop();
  net::Awaitable<void> Pause(absl::Duration duration);
  net::Awaitable<bool> ClaimSome();
  void Distribute(std::vector<Delivery> claimed);
  net::Awaitable<void> Lane(std::string route);
  void StartLoop(net::Awaitable<void> loop);

  // dispatcher_job.cc
  net::Awaitable<void> RunJob(Job job, const std::string& route,
                              std::unique_ptr<Transport>& transport);
  net::Awaitable<absl::StatusOr<Message>> Load(Uuid mail_id);
  net::Awaitable<absl::Status> Forward(const Message& message, const Delivery& delivery,
                                       std::vector<Recipient> targets);
  net::Awaitable<absl::StatusOr<std::string>> Content(const Message& message);
  net::Awaitable<std::vector<DeliveryResult>> Deliver(const Message& message,
                                                      std::vector<Delivery>& deliveries,
                                                      const std::string& route,
                                                      std::unique_ptr<Transport>& transport);
  net::Awaitable<std::optional<DeliveryResult>> DeliverIfLocal(const Message& message,
                                                               const Delivery& delivery);
  net::Awaitable<std::vector<DeliveryResult>> SendOut(const Message& message,
                                                      const std::vector<Delivery>& deliveries,
                                                      Transport& transport);
  net::Awaitable<void> Write(const Message& message, const std::vector<Delivery>& deliveries,
                             const std::vector<DeliveryResult>& results);
  net::Awaitable<void> WriteEach(const Message& message, std::vector<Outcome> outcomes);
  bool StillMine(const std::vector<Delivery>& deliveries) const;

  boost::asio::strand<net::Executor> strand_;
  DispatcherParts parts_;
  const DispatcherOptions options_;
  ResultWriter writer_;
  boost::asio::steady_timer wake_;
  bool woken_ = false;

  std::map<std::string, RouteState> routes_;
  std::map<Lease, absl::Time> held_;  // until when each lease surely is ours, by boot_clock
  std::atomic<int> in_flight_{0};
  std::atomic<bool> draining_{false};
  std::atomic<int> running_{0};  // loops and lanes
};

}  // namespace pennypost::relay
