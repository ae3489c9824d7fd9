#pragma once
// Messages in the queue and what becomes of them, as this service knows them.

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

namespace pennypost::relay {

// RFC 3461 4.1. All false: the sender said nothing, which stands for failure and delay.
struct Notify {
  bool never = false;
  bool success = false;
  bool failure = false;
  bool delay = false;

  bool operator==(const Notify&) const = default;
  bool WantsFailure() const { return !never && (failure || (!success && !delay)); }
  bool WantsDelay() const { return !never && (delay || (!success && !failure)); }
  bool WantsSuccess() const { return !never && success; }
};

struct Event {
  Uuid mail_id;
  absl::Time time;
  std::string service = "relay";
  std::string kind;
  std::string sender;
  std::string recipient;
  std::string detail;
};

enum class State { kQueued, kLeased, kHeld, kDelivered, kBounced, kCancelled };
std::string_view StateName(State state);
std::optional<State> StateFromName(std::string_view name);
inline bool IsFinal(State state) {
  return state >= State::kDelivered;
}

struct Recipient {
  std::string address;
  int64_t account_id = 0;  // 0: found out when it is delivered
  std::string folder;
  int64_t quota_bytes = 0;
  Notify notify;
  std::string original;  // ORCPT as given
};

struct Message {
  Uuid mail_id;
  std::string sender;  // empty: null sender
  bool return_headers_only = false;
  std::string envelope_id;
  bool smtputf8 = false;
  bool body_8bit = false;
  std::string auth_user;  // who submitted it; empty for mail of strangers and our own reports
  bool own_report = false;
  absl::Time queued_at;
  // Since then, by the store's own clock when it was loaded.
  absl::Duration age = absl::InfiniteDuration();
  std::string content;
  std::string
      signature;  // DKIM-Signature fields that go above the content; set with the first attempt
  bool is_signed = false;  // the signature is settled, even if it is empty
};

struct NewMessage {
  Message message;
  std::vector<Recipient> recipients;
  std::vector<Event> events;
  std::string hold_reason;  // not empty: wait for an operator
};

// Route of a recipient with an account; others have their domain.
inline constexpr std::string_view kLocalRoute = "local";
std::string RouteOf(const Recipient& recipient);
std::string DomainOf(std::string_view address);

// What a worker owns of a delivery. Every write behind the claim names it; a newer epoch makes it
// void.
struct Lease {
  Uuid mail_id;
  int rcpt_no = 0;
  int64_t epoch = 0;

  auto operator<=>(const Lease&) const = default;
};

struct Delivery {
  Lease lease;
  Recipient recipient;
  std::string route;
  int attempts = 0;  // this one counted
  bool delay_reported = false;
};

// What the worker found out, to be written in one transaction with what follows from it.
struct Outcome {
  Lease lease;
  State state = State::kQueued;  // kQueued: another attempt at next_at
  absl::Time next_at;
  std::string reply;  // last words of the other side, or why it waits
  bool delay_reported = false;
  std::vector<Event> events;
  std::optional<NewMessage> report;  // a DSN; written only if the outcome is
};

struct DeliveryFilter {
  std::optional<Uuid> mail_id;
  std::string sender, recipient, recipient_domain;
  std::optional<State> state;

  bool IsEmpty() const {
    return !mail_id && sender.empty() && recipient.empty() && recipient_domain.empty() && !state;
  }
};

struct DeliveryRow {
  Uuid mail_id;
  int rcpt_no = 0;
  std::string sender, recipient;
  State state = State::kQueued;
  int attempts = 0;
  absl::Time queued_at, next_at;
  std::string last_reply, route;
  int64_t size = 0;
};

struct Position {
  Uuid mail_id;
  int rcpt_no = 0;
};

enum class Change { kHold, kRelease, kRetry, kCancel };

struct QueueStats {
  uint64_t queued = 0, leased = 0, held = 0;
  std::optional<absl::Time> oldest_queued_at;
};

}  // namespace pennypost::relay
