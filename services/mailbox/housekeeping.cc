#include "services/mailbox/housekeeping.h"

#include <chrono>

#include "log/log.h"
#include "metrics/metrics.h"

namespace pennypost::mailbox {
namespace {

// What one transaction takes: its locks are held for some milliseconds.
constexpr size_t kStep = 500;
// Between full steps, so that housekeeping never takes more than its share.
constexpr absl::Duration kBreath = absl::Milliseconds(20);
// The scrub's pace is the store's; how often it is asked whether it is time.
constexpr absl::Duration kScrubPause = absl::Seconds(5);

// Without the database there is nothing to do; the next look will tell.
void Failed(const char* what, const absl::Status& status) {
  log::Warning("mailbox.housekeeping.failed", {{"step", what}, {"error", Describe(status)}});
}

void Count(const char* what, size_t things) {
  metrics::Counter(
      "pennypost_mailbox_housekeeping_total",
      "What the housekeeping took away (deleted, vanished, contents, objects, retention) "
      "or looked at (scrub), and mailboxes that got new UIDs (renumbered)",
      {{"what", what}})
      .Increment(static_cast<double>(things));
}

}  // namespace

Housekeeping::~Housekeeping() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void Housekeeping::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Housekeeping::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

bool Housekeeping::Wait(absl::Duration time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMicroseconds(time), [this] { return stopping_; });
  return !stopping_;
}

void Housekeeping::Loop() {
  // K10: a clock that is set back must not stop it.
  using Clock = std::chrono::steady_clock;
  auto after = [](absl::Duration pause) {
    return Clock::now() + absl::ToChronoMicroseconds(pause);
  };
  // Not at once: whoever starts has something better to do.
  Clock::time_point next = after(options_.pause), next_pass = next;
  while (Wait(std::min(options_.pause, kScrubPause))) {
    if (Clock::now() >= next) {
      RunOnce();
      next = after(options_.pause);
    }
    if (Clock::now() >= next_pass) {
      RetainOnce();
      RenumberOnce();
      CollectOutsideOnce();
      next_pass = after(options_.pass_pause);
    }
    ScrubOnce();
  }
}

void Housekeeping::RunOnce() {
  Run("deleted", [this](size_t limit) { return store_.ExpireDeleted(options_.restore, limit); });
  Run("vanished", [this](size_t limit) {
    // Never before the message itself: its row is the record.
    return store_.TrimVanished(std::max(options_.vanished, options_.restore), limit);
  });
  Run("contents", [this](size_t limit) { return store_.CollectContents(options_.grace, limit); });
}

void Housekeeping::RetainOnce() {
  for (const auto& [use, age] : options_.retention) Retain(use, age);
}

void Housekeeping::Retain(const std::string& use, absl::Duration age) {
  MailboxPlace after;
  do {
    absl::StatusOr<RetainStep> step = store_.Retain(use, age, after, kStep);
    if (!step.ok()) return Failed("retention", step.status());
    after = step->last;
    if (step->messages > 0) {
      log::Info("mailbox.retention", {{"use", use},
                                      {"messages", static_cast<uint64_t>(step->messages)},
                                      {"accounts", static_cast<uint64_t>(step->accounts.size())}});
      Count("retention", step->messages);
    }
    for (int64_t account : step->accounts) {
      if (changed_account_) changed_account_(account);
    }
    if (step->at_end) return;
  } while (Wait(kBreath));
}

void Housekeeping::RenumberOnce() {
  MailboxPlace after;
  do {
    absl::StatusOr<RenumberStep> step = store_.Renumber(after);
    if (!step.ok()) return Failed("uids", step.status());
    after = step->last;
    if (step->account_id != 0) {
      log::Info("mailbox.renumbered", {{"account", step->account_id}});
      Count("renumbered", 1);
      if (changed_account_) changed_account_(step->account_id);
    }
    if (step->at_end) return;
  } while (Wait(kBreath));
}

void Housekeeping::CollectOutsideOnce() {
  std::string after;
  do {
    absl::StatusOr<OutsideStep> step = store_.CollectOutside(options_.grace, after);
    if (!step.ok()) return Failed("objects", step.status());
    Count("objects", step->removed);
    after = step->last;
  } while (!after.empty() && Wait(kBreath));
}

void Housekeeping::ScrubOnce() {
  if (options_.scrub.bytes_per_second == 0) return;
  absl::StatusOr<ScrubStep> step = store_.Scrub(options_.scrub);
  if (!step.ok()) return Failed("scrub", step.status());
  Count("scrub", step->contents);
}

void Housekeeping::Run(const char* what, const Step& step) {
  for (;;) {
    absl::StatusOr<size_t> taken = step(kStep);
    if (!taken.ok()) return Failed(what, taken.status());
    Count(what, *taken);
    if (*taken < kStep || !Wait(kBreath)) return;
  }
}

}  // namespace pennypost::mailbox
