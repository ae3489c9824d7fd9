// One job of the dispatcher: one message for some recipients of one route.

#include <boost/asio/steady_timer.hpp>

#include <algorithm>

#include "base/failpoint.h"
#include "base/mutant.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "net/stream.h"
#include "services/relay/core/blocking.h"
#include "services/relay/core/content.h"
#include "services/relay/core/dispatcher.h"

namespace pennypost::relay {
namespace {

// How long a database that is away is waited for with an outcome in hand.
constexpr absl::Duration kResultPatience = absl::Minutes(10);

using Kind = DeliveryResult::Kind;

void Count(Kind kind) {
  constexpr const char* kNames[] = {"delivered", "deferred", "failed", "held", "lost"};
  metrics::Counter("pennypost_relay_attempts_total", "Attempts at a recipient, by outcome.",
                   {{"outcome", kNames[static_cast<size_t>(kind)]}})
      .Increment();
}

}  // namespace

bool Dispatcher::StillMine(const std::vector<Delivery>& deliveries) const {
  if constexpr (kMutant == Mutant::kM6) return true;
  absl::Time now = parts_.boot_clock.Now();
  return std::all_of(deliveries.begin(), deliveries.end(), [this, now](const Delivery& delivery) {
    auto found = held_.find(delivery.lease);
    return found != held_.end() && now < found->second;
  });
}

net::Awaitable<absl::StatusOr<Message>> Dispatcher::Load(Uuid mail_id) {
  std::function<absl::StatusOr<Message>()> work = [this, mail_id] {
    return parts_.store.LoadMessage(mail_id);
  };
  auto run = RunBlocking(parts_.pool, std::move(work));
  absl::StatusOr<Message> message = co_await std::move(run);
  co_return message;
}

// What goes out: signed at the first attempt, the same bytes ever after (ROBUSTNESS 2.4).
net::Awaitable<absl::StatusOr<std::string>> Dispatcher::Content(const Message& message) {
  std::string content = NormalizeLines(message.content);
  std::string signature = message.signature;
  if (!message.is_signed) {
    auto sign = parts_.signer.Sign(message, content);
    absl::StatusOr<std::string> fields = co_await std::move(sign);
    if (!fields.ok()) co_return fields.status();
    std::function<absl::StatusOr<std::string>()> work = [this, id = message.mail_id,
                                                         made = *fields] {
      return parts_.store.SettleSignature(id, made);
    };
    auto run = RunBlocking(parts_.pool, std::move(work));
    absl::StatusOr<std::string> settled = co_await std::move(run);
    if (!settled.ok()) co_return settled.status();
    signature = *settled;
  }
  co_return signature + content;
}

net::Awaitable<void> Dispatcher::RunJob(Job job, const std::string& route,
                                        std::unique_ptr<Transport>& transport) {
  if (!StillMine(job.deliveries)) co_return;  // it waited too long for a lane
  auto load = Load(job.mail_id);
  absl::StatusOr<Message> message = co_await std::move(load);
  // Without the message there is nothing to write; the lease runs out, and it is tried again.
  if (!message.ok()) {
    log::Error("relay.load.failed",
               {{"mail_id", job.mail_id.ToString()}, {"err", MessageOf(message.status())}});
    co_return;
  }
  auto deliver = Deliver(*message, job.deliveries, route, transport);
  std::vector<DeliveryResult> results = co_await std::move(deliver);
  if (!Failpoint("relay.delivered").ok()) co_return;
  auto write = Write(*message, job.deliveries, results);
  co_await std::move(write);
}

net::Awaitable<std::vector<DeliveryResult>> Dispatcher::Deliver(
    const Message& message, std::vector<Delivery>& deliveries, const std::string& route,
    std::unique_ptr<Transport>& transport) {
  if (route == kLocalRoute) {
    if (!transport) transport = parts_.transports.Local();
    auto send = SendOut(message, deliveries, *transport);
    std::vector<DeliveryResult> results = co_await std::move(send);
    co_return results;
  }
  // Whose an address is may have changed since it was queued, and nobody asked for that of a
  // report.
  std::vector<Delivery> remote, settled;
  std::vector<DeliveryResult> results;
  for (Delivery& delivery : deliveries) {
    auto local = DeliverIfLocal(message, delivery);
    std::optional<DeliveryResult> result = co_await std::move(local);
    if (result) {
      settled.push_back(std::move(delivery));
      results.push_back(*std::move(result));
    } else {
      remote.push_back(std::move(delivery));
    }
  }
  if (!remote.empty()) {
    if (!transport) transport = parts_.transports.Remote(route);
    auto send = SendOut(message, remote, *transport);
    std::vector<DeliveryResult> sent = co_await std::move(send);
    results.insert(results.end(), sent.begin(), sent.end());
    settled.insert(settled.end(), remote.begin(), remote.end());
  }
  deliveries = std::move(settled);
  co_return results;
}

// Nothing: the address is not ours.
net::Awaitable<std::optional<DeliveryResult>> Dispatcher::DeliverIfLocal(const Message& message,
                                                                         const Delivery& delivery) {
  auto resolve = parts_.resolver.Resolve(delivery.recipient.address);
  absl::StatusOr<Resolution> resolution = co_await std::move(resolve);
  if (!resolution.ok()) co_return Deferred("4.3.0", "the directory does not answer");
  if (resolution->kind == Resolution::Kind::kRemote) co_return std::nullopt;
  if (resolution->kind == Resolution::Kind::kSuspended) {
    co_return Deferred("4.2.1", "the mailbox takes no mail for now");
  }
  if (resolution->kind == Resolution::Kind::kUnknown || resolution->targets.empty()) {
    co_return Failed(550, "5.1.1", "no such user here");
  }
  std::vector<Delivery> targets;
  std::vector<Recipient> elsewhere;
  for (const Recipient& target : resolution->targets) {
    if (target.account_id == 0) {
      elsewhere.push_back(target);
      continue;
    }
    targets.push_back(delivery);
    targets.back().recipient.address = target.address;
    targets.back().recipient.account_id = target.account_id;
    targets.back().recipient.quota_bytes = target.quota_bytes;
  }
  if (!elsewhere.empty()) {
    auto forward = Forward(message, delivery, std::move(elsewhere));
    absl::Status forwarded = co_await std::move(forward);
    if (!forwarded.ok()) co_return Deferred("4.3.0", "the queue does not answer");
    if (targets.empty()) {
      DeliveryResult result;
      result.kind = Kind::kDelivered;
      result.reply = {250, "2.1.5", "forwarded to the targets of the alias"};
      result.local = true;
      co_return result;
    }
  }
  std::unique_ptr<Transport> local = parts_.transports.Local();
  auto send = SendOut(message, targets, *local);
  std::vector<DeliveryResult> results = co_await std::move(send);
  // One recipient of several targets is done when all are. What failed decides; repeats are
  // recognized by mailbox.
  for (Kind kind : {Kind::kLost, Kind::kDeferred, Kind::kFailed, Kind::kHold}) {
    for (const DeliveryResult& result : results) {
      if (result.kind == kind) co_return result;
    }
  }
  co_return results[0];
}

// What an alias of ours leads to elsewhere is a message of its own. Its id follows from the
// delivery: a repeat of the attempt queues nothing twice.
net::Awaitable<absl::Status> Dispatcher::Forward(const Message& message, const Delivery& delivery,
                                                 std::vector<Recipient> targets) {
  auto forward = std::make_shared<NewMessage>();
  forward->message = message;
  forward->message.mail_id =
      UuidV5(message.mail_id, fmt::format("forward/{}", delivery.lease.rcpt_no));
  forward->message.queued_at = parts_.clock.Now();
  for (Recipient& target : targets) {
    target.notify = delivery.recipient.notify;
    forward->recipients.push_back(std::move(target));
  }
  std::function<absl::StatusOr<bool>()> work = [this, forward] {
    return parts_.store.Enqueue(*forward);
  };
  auto run = RunBlocking(parts_.pool, std::move(work));
  absl::StatusOr<bool> queued = co_await std::move(run);
  woken_ = true;
  co_return queued.status();
}

net::Awaitable<std::vector<DeliveryResult>> Dispatcher::SendOut(
    const Message& message, const std::vector<Delivery>& deliveries, Transport& transport) {
  auto content = Content(message);
  absl::StatusOr<std::string> bytes = co_await std::move(content);
  if (!bytes.ok()) {
    co_return std::vector<DeliveryResult>(deliveries.size(),
                                          Deferred("4.3.0", "the signing keys are out of reach"));
  }
  Attempt attempt;
  attempt.message = &message;
  attempt.content = *bytes;
  attempt.deliveries = &deliveries;
  attempt.still_mine = [this, &deliveries] {
    return Failpoint("relay.before_dot").ok() && StillMine(deliveries);
  };
  auto deliver = transport.Deliver(attempt);
  std::vector<DeliveryResult> results = co_await std::move(deliver);
  co_return results;
}

// After the database refused them together: each by himself, so that a bad one keeps no other; and
// that one without the words of others, which are what a database may not take.
net::Awaitable<void> Dispatcher::WriteEach(const Message& message, std::vector<Outcome> outcomes) {
  for (Outcome& outcome : outcomes) {
    std::vector<Outcome> one(1, outcome);
    auto write = writer_.Write(std::move(one));
    absl::Status written = co_await std::move(write);
    if (!IsRefused(written)) continue;
    outcome.reply = "the answer cannot be stored";
    for (Event& event : outcome.events) event.detail = outcome.reply;
    std::vector<Outcome> plain(1, std::move(outcome));
    auto again = writer_.Write(std::move(plain));
    written = co_await std::move(again);
    // Then the lease runs out, and the delivery is tried again.
    if (!written.ok())
      log::Error("relay.outcome.refused",
                 {{"mail_id", message.mail_id.ToString()}, {"err", MessageOf(written)}});
  }
}

net::Awaitable<void> Dispatcher::Write(const Message& message,
                                       const std::vector<Delivery>& deliveries,
                                       const std::vector<DeliveryResult>& results) {
  std::vector<Outcome> outcomes;
  bool reports = false;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    Count(results[i].kind);
    if (results[i].kind == Kind::kLost) continue;
    outcomes.push_back(
        Settle(message, deliveries[i], results[i], parts_.clock.Now(), options_.retry));
    reports = reports || outcomes.back().report.has_value();
    log::Info("relay.attempt", {{"mail_id", message.mail_id.ToString()},
                                {"recipient", deliveries[i].recipient.address},
                                {"outcome", StateName(outcomes.back().state)},
                                {"attempt", deliveries[i].attempts},
                                {"reply", outcomes.back().reply}});
  }
  // Each row's epoch decides whether the outcome still counts, so a lease that ran out here is no
  // reason to forget what the other side said: forgotten, the message would go out twice.
  absl::Time give_up = parts_.boot_clock.Now() + kResultPatience;
  while (!outcomes.empty() && parts_.boot_clock.Now() < give_up) {
    auto write = writer_.Write(outcomes);
    absl::Status written = co_await std::move(write);
    written.Update(Failpoint("relay.finished"));
    if (written.ok()) break;
    if (IsRefused(written)) {
      auto each = WriteEach(message, std::move(outcomes));
      co_await std::move(each);
      break;
    }
    log::Warning("relay.finish.failed",
                 {{"mail_id", message.mail_id.ToString()}, {"err", MessageOf(written)}});
    auto pause = net::Sleep(absl::Milliseconds(500));
    co_await std::move(pause);
  }
  if (reports) woken_ = true;
}

}  // namespace pennypost::relay
