#include "services/relay/core/dispatcher.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <thread>

#include "base/failpoint.h"
#include "base/mutant.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "services/relay/core/blocking.h"

namespace pennypost::relay {
namespace {

constexpr size_t kMaxRecipientsOfJob = 100;
constexpr int kMaxClaim = 100;
// Loops sleep in steps of this length, so that a drain need not wait for a long one.
constexpr absl::Duration kStep = absl::Milliseconds(50);

// How long a lease counts as ours after it was given: ends before the database's own clock says so.
absl::Duration Trusted(absl::Duration lease) {
  return lease * 3 / 4;
}

}  // namespace

Dispatcher::Dispatcher(net::Executor executor, DispatcherParts parts, DispatcherOptions options)
    : strand_(boost::asio::make_strand(std::move(executor))),
      parts_(parts),
      options_(std::move(options)),
      writer_(strand_, parts_.store, parts_.pool),
      wake_(strand_) {}

void Dispatcher::StartLoop(net::Awaitable<void> loop) {
  ++running_;
  boost::asio::co_spawn(strand_, std::move(loop),
                        [this](const std::exception_ptr&) { --running_; });
}

void Dispatcher::Start() {
  StartLoop(ClaimLoop());
  StartLoop(LeaseLoop());
  if constexpr (kMutant != Mutant::kM3) StartLoop(ReconcileLoop());
}

void Dispatcher::Wake() {
  boost::asio::post(strand_, [this] {
    woken_ = true;
    wake_.cancel();
  });
}

void Dispatcher::BeginDrain() {
  draining_ = true;
  Wake();
}

void Dispatcher::FinishDrain(absl::Duration at_most) {
  absl::Time deadline = absl::Now() + at_most;
  while (running_ > 0 && absl::Now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

net::Awaitable<void> Dispatcher::Pause(absl::Duration duration) {
  absl::Time end = absl::Now() + duration;
  while (!draining_ && absl::Now() < end) {
    boost::asio::steady_timer timer(strand_,
                                    absl::ToChronoNanoseconds(std::min(end - absl::Now(), kStep)));
    auto wait = timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_await std::move(wait);
  }
}

net::Awaitable<void> Dispatcher::ClaimLoop() {
  while (!draining_) {
    auto claim = ClaimSome();
    bool more = co_await std::move(claim);
    if (more || draining_) continue;
    if (!woken_) {
      wake_.expires_after(absl::ToChronoNanoseconds(options_.poll));
      if constexpr (kMutant == Mutant::kM10) wake_.expires_after(std::chrono::hours(1));
      auto wait = wake_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
      co_await std::move(wait);
    }
    woken_ = false;
  }
}

// True if there may be more at once.
net::Awaitable<bool> Dispatcher::ClaimSome() {
  int room = std::min(options_.max_deliveries - in_flight_, kMaxClaim);
  if (room <= 0) co_return false;
  ClaimOptions claim{options_.owner, room, options_.lease, {}, parts_.clock.Now()};
  for (const auto& [route, state] : routes_) {
    int work = static_cast<int>(state.jobs.size()) + state.lanes;
    if (work >= 2 * options_.max_per_route) claim.busy_routes.push_back(route);
  }
  std::function<absl::StatusOr<std::vector<Delivery>>()> work = [this, claim] {
    return parts_.store.Claim(claim);
  };
  absl::Time asked = parts_.boot_clock.Now();
  auto run = RunBlocking(parts_.pool, std::move(work));
  absl::StatusOr<std::vector<Delivery>> claimed = co_await std::move(run);
  if (!claimed.ok()) {
    log::Warning("relay.claim.failed", {{"err", MessageOf(claimed.status())}});
    auto pause = Pause(absl::Seconds(1));
    co_await std::move(pause);
    co_return false;
  }
  if (!claimed->empty() && !Failpoint("relay.claimed").ok()) co_return true;
  for (const Delivery& delivery : *claimed) held_[delivery.lease] = asked + Trusted(options_.lease);
  bool full = static_cast<int>(claimed->size()) == room;
  Distribute(*std::move(claimed));
  co_return full;
}

void Dispatcher::Distribute(std::vector<Delivery> claimed) {
  in_flight_ += static_cast<int>(claimed.size());
  std::stable_sort(claimed.begin(), claimed.end(), [](const Delivery& a, const Delivery& b) {
    return std::tie(a.route, a.lease.mail_id) < std::tie(b.route, b.lease.mail_id);
  });
  std::vector<std::string> touched;
  for (Delivery& delivery : claimed) {
    RouteState& state = routes_[delivery.route];
    bool joins = !touched.empty() && touched.back() == delivery.route &&
                 state.jobs.back().mail_id == delivery.lease.mail_id &&
                 state.jobs.back().deliveries.size() < kMaxRecipientsOfJob;
    if (!joins) state.jobs.push_back({delivery.lease.mail_id, {}});
    touched.push_back(delivery.route);
    state.jobs.back().deliveries.push_back(std::move(delivery));
  }
  // A lane may run to its end at once and take its route out of the map: count first, start then.
  std::vector<std::string> start;
  for (auto& [route, state] : routes_) {
    while (state.lanes < options_.max_per_route &&
           state.lanes < static_cast<int>(state.jobs.size())) {
      ++state.lanes;
      start.push_back(route);
    }
  }
  for (std::string& route : start) StartLoop(Lane(std::move(route)));
}

net::Awaitable<void> Dispatcher::Lane(std::string route) {
  std::unique_ptr<Transport> transport;
  RouteState& state = routes_[route];
  while (!state.jobs.empty()) {
    Job job = std::move(state.jobs.front());
    state.jobs.pop_front();
    int count = static_cast<int>(job.deliveries.size());
    std::vector<Lease> leases;
    for (const Delivery& delivery : job.deliveries) leases.push_back(delivery.lease);
    auto run = RunJob(std::move(job), route, transport);
    co_await std::move(run);
    for (const Lease& lease : leases) held_.erase(lease);
    in_flight_ -= count;
    // Room again: there may have been more than fitted.
    woken_ = true;
    wake_.cancel();
  }
  // The route goes with its last lane; a new one then starts afresh while this one still says
  // goodbye.
  if (--state.lanes == 0) routes_.erase(route);
  if (transport) {
    auto close = transport->Close();
    co_await std::move(close);
  }
}

net::Awaitable<void> Dispatcher::LeaseLoop() {
  // Leases are kept while lanes work, during a drain as well.
  while (!draining_ || in_flight_ > 0) {
    boost::asio::steady_timer timer(strand_, absl::ToChronoNanoseconds(kStep));
    auto wait = timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_await std::move(wait);
    std::vector<Lease> leases;
    absl::Time now = parts_.boot_clock.Now();
    // A third of the lease is over: it was to be trusted for three quarters, and less than 5/12 are
    // left.
    for (const auto& [lease, until] : held_) {
      if (until - now < options_.lease * 5 / 12) leases.push_back(lease);
    }
    if (leases.empty()) continue;
    std::function<absl::StatusOr<std::vector<Lease>>()> work = [this, leases] {
      return parts_.store.Renew(leases, options_.lease);
    };
    auto run = RunBlocking(parts_.pool, std::move(work));
    absl::StatusOr<std::vector<Lease>> renewed = co_await std::move(run);
    if (!renewed.ok()) {
      log::Warning("relay.renew.failed", {{"err", MessageOf(renewed.status())}});
      continue;
    }
    std::sort(renewed->begin(), renewed->end());
    for (const Lease& lease : leases) {
      auto found = held_.find(lease);
      if (found == held_.end()) continue;
      bool ours = std::binary_search(renewed->begin(), renewed->end(), lease);
      found->second = ours ? now + Trusted(options_.lease) : absl::InfinitePast();
    }
  }
}

namespace {

// Counting reads the whole queue: often enough for a chart.
constexpr absl::Duration kShowQueueEach = absl::Seconds(30);

void ShowQueue(const QueueStats& stats, absl::Time now) {
  auto show = [](const char* state, uint64_t count) {
    metrics::Gauge("pennypost_relay_queue_messages", "Deliveries in the queue, by state",
                   {{"state", state}})
        .Set(static_cast<double>(count));
  };
  show("queued", stats.queued);
  show("leased", stats.leased);
  show("held", stats.held);
  absl::Duration age = now - stats.oldest_queued_at.value_or(now);
  metrics::Gauge("pennypost_relay_queue_oldest_age_seconds", "Age of the oldest queued delivery")
      .Set(absl::ToDoubleSeconds(age));
}

}  // namespace

net::Awaitable<void> Dispatcher::ReconcileLoop() {
  absl::Time show_at = absl::InfinitePast();
  bool away = false;  // the database, a round ago
  while (!draining_) {
    absl::Duration longest = std::max(2 * options_.lease, absl::Hours(1));
    // While the database was away nobody could renew a lease or write what came of a delivery: the
    // first round after it leaves the workers time for that. Given away before, it goes out twice.
    std::function<absl::StatusOr<int64_t>()> work = [this, longest,
                                                     away]() -> absl::StatusOr<int64_t> {
      RETURN_IF_ERROR(parts_.store.Prune(parts_.clock.Now(), options_.keep_finished).status());
      if (away) return 0;
      return parts_.store.RequeueExpired(longest);
    };
    auto run = RunBlocking(parts_.pool, std::move(work));
    absl::StatusOr<int64_t> requeued = co_await std::move(run);
    away = !requeued.ok();
    if (requeued.ok() && *requeued > 0) {
      metrics::Counter("pennypost_relay_leases_expired_total", "Deliveries whose worker went away.")
          .Increment(static_cast<double>(*requeued));
      woken_ = true;
      wake_.cancel();
    }
    if (parts_.clock.Now() >= show_at) {
      show_at = parts_.clock.Now() + kShowQueueEach;
      std::function<absl::StatusOr<QueueStats>()> count = [this] { return parts_.store.Stats(); };
      auto ask = RunBlocking(parts_.pool, std::move(count));
      absl::StatusOr<QueueStats> stats = co_await std::move(ask);
      if (stats.ok()) ShowQueue(*stats, parts_.clock.Now());
    }
    auto pause = Pause(options_.reconcile);
    co_await std::move(pause);
  }
}

}  // namespace pennypost::relay
