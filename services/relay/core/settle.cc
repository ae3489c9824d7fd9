#include "services/relay/core/settle.h"

#include <algorithm>

#include "base/text.h"
#include "services/relay/core/report.h"

namespace pennypost::relay {
namespace {

// A null sender is never answered (RFC 5321 6.1).
std::optional<NewMessage> Report(ReportKind kind, const Message& message, const Delivery& delivery,
                                 const DeliveryResult& result, absl::Time now,
                                 const RetryPolicy& policy) {
  const Notify& notify = delivery.recipient.notify;
  bool wanted = kind == ReportKind::kFailed    ? notify.WantsFailure()
                : kind == ReportKind::kDelayed ? notify.WantsDelay()
                                               : notify.WantsSuccess();
  if (!wanted || message.sender.empty()) return std::nullopt;
  return MakeReport(
      {kind, message, delivery, result, policy.hostname, now, message.queued_at + policy.lifetime});
}

// A remote server's words are bytes of its choice; PostgreSQL stores UTF-8 without NUL.
std::string Storable(std::string words) {
  bool utf8 = IsUtf8(words);
  for (char& c : words) {
    if (c == '\0' || (!utf8 && static_cast<unsigned char>(c) >= 0x80)) c = '?';
  }
  return words;
}

std::string Words(const DeliveryResult& result) {
  std::string words = result.reply.code != 0 ? result.reply.ToString() : result.reply.text;
  return Storable(result.remote_mta.empty() ? words : result.remote_mta + ": " + words);
}

DeliveryResult Expired(const DeliveryResult& last) {
  DeliveryResult expired = last;
  expired.kind = DeliveryResult::Kind::kFailed;
  // RFC 3463 3.5 X.4.7: the time ran out; what went wrong until then is said along with it.
  expired.reply = {550, "5.4.7", "delivery time expired; last: " + last.reply.ToString()};
  return expired;
}

// By two clocks, ours and the store's: nothing ends early because one of them was set (K10).
absl::Duration AgeOf(const Message& message, absl::Time now) {
  return std::min(now - message.queued_at, message.age);
}

void Retry(const Message& message, const Delivery& delivery, const DeliveryResult& result,
           absl::Time now, const RetryPolicy& policy, Outcome& outcome) {
  size_t step = static_cast<size_t>(std::max(delivery.attempts - 1, 0));
  absl::Duration wait = policy.waits[std::min(step, policy.waits.size() - 1)];
  outcome.state = State::kQueued;
  // The last attempt is made when the time ends, not a wait before.
  outcome.next_at = std::min(now + wait, std::max(message.queued_at + policy.lifetime, now));
  if (outcome.delay_reported || AgeOf(message, now) < policy.delay_warning) return;
  outcome.report = Report(ReportKind::kDelayed, message, delivery, result, now, policy);
  outcome.delay_reported = true;
}

}  // namespace

RetryPolicy DefaultRetryPolicy() {
  RetryPolicy policy;
  for (int minutes : {5, 10, 20, 30, 60, 120, 240}) policy.waits.push_back(absl::Minutes(minutes));
  return policy;
}

Outcome Settle(const Message& message, const Delivery& delivery, const DeliveryResult& result,
               absl::Time now, const RetryPolicy& policy) {
  using Kind = DeliveryResult::Kind;
  if (result.kind == Kind::kDeferred && AgeOf(message, now) >= policy.lifetime) {
    return Settle(message, delivery, Expired(result), now, policy);
  }
  Outcome outcome;
  outcome.lease = delivery.lease;
  outcome.next_at = now;
  outcome.reply = Words(result);
  outcome.delay_reported = delivery.delay_reported;
  std::string kind;
  switch (result.kind) {
    case Kind::kDelivered: {
      kind = "delivered";
      outcome.state = State::kDelivered;
      ReportKind report = result.local ? ReportKind::kDelivered : ReportKind::kRelayed;
      if (!result.dsn_passed_on)
        outcome.report = Report(report, message, delivery, result, now, policy);
      break;
    }
    case Kind::kFailed:
      kind = "bounced";
      outcome.state = State::kBounced;
      outcome.report = Report(ReportKind::kFailed, message, delivery, result, now, policy);
      break;
    case Kind::kHold:
      kind = "held";
      outcome.state = State::kHeld;
      break;
    case Kind::kDeferred:
    case Kind::kLost:
      kind = "deferred";
      Retry(message, delivery, result, now, policy, outcome);
      break;
  }
  outcome.events.push_back({message.mail_id, now, "relay", kind, message.sender,
                            delivery.recipient.address, outcome.reply});
  return outcome;
}

}  // namespace pennypost::relay
