#include "services/mailbox/scripts/outbox.h"

#include <absl/time/clock.h>

#include <chrono>

#include "base/failpoint.h"
#include "log/log.h"
#include "metrics/metrics.h"

namespace pennypost::mailbox {
namespace {

constexpr size_t kAtOnce = 20;
// What another process left behind, or relay could not take, is looked for this often.
constexpr std::chrono::seconds kPause{3};
constexpr absl::Duration kPruneEvery = absl::Hours(1);

// Refused for good: it would be refused again.
bool IsFinal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument ||
         status.code() == absl::StatusCode::kPermissionDenied ||
         status.code() == absl::StatusCode::kUnimplemented;
}

}  // namespace

Outbox::~Outbox() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Outbox::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Outbox::Wake() {
  {
    std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void Outbox::Loop() {
  absl::Time next_prune = absl::Now() + kPruneEvery;
  for (;;) {
    RunOnce();
    if (absl::Now() >= next_prune) {
      absl::Status pruned = store_.PruneRemembered();
      if (!pruned.ok()) log::Warning("mailbox.remembered.prune", {{"error", Describe(pruned)}});
      next_prune = absl::Now() + kPruneEvery;
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPause, [this] { return woken_ || stopping_; });
    if (stopping_) return;
    woken_ = false;
  }
}

void Outbox::RunOnce() {
  for (;;) {
    auto due = store_.ClaimOutbox(kAtOnce);
    // Without the database there is nothing to do; its own messages say so.
    if (!due.ok() || due->empty()) return;
    for (const OutboxItem& item : *due) {
      {
        std::lock_guard lock(mutex_);
        if (stopping_) return;
      }
      HandOver(item);
    }
    if (due->size() < kAtOnce) return;
  }
}

void Outbox::HandOver(const OutboxItem& item) {
  relay::v1::EnqueueRequest request;
  absl::Status status = request.ParseFromString(item.request)
                            ? enqueue_(request)
                            : SyntaxError("the request cannot be read");
  auto& counter =
      metrics::Counter("pennypost_mailbox_outbox_total", "Mail of scripts handed to relay",
                       {{"outcome", status.ok() ? "ok" : "failed"}});
  counter.Increment();
  if (!status.ok()) {
    log::Warning("mailbox.outbox.failed", {{"mail_id", item.id.ToString()},
                                           {"account", item.account_id},
                                           {"attempts", item.attempts},
                                           {"error", Describe(status)}});
    if (!IsFinal(status)) return;
  }
  if (!Failpoint("mailbox.outbox_handed_over").ok()) return;
  absl::Status finished = store_.FinishOutbox(item);
  // It will be handed over again, and relay knows it.
  if (!finished.ok()) log::Warning("mailbox.outbox.failed", {{"error", Describe(finished)}});
}

}  // namespace pennypost::mailbox
