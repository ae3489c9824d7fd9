#pragma once
// The durable queue. The queue's truth is here and nowhere else: Redis and memory hold hints.
//
// Thread-safe; calls block. Errors are those of pg::Connection. One contract suite
// (store_contract.h) runs on every implementation.

#include <string>
#include <vector>

#include "base/status.h"
#include "services/relay/core/types.h"

namespace pennypost::relay {

struct ClaimOptions {
  std::string owner;
  int limit = 100;
  absl::Duration lease = absl::Seconds(60);
  std::vector<std::string> busy_routes;  // left alone
  absl::Time now;                        // what is due
};

// Why an operator changes deliveries, and who: kept in the history.
struct ChangeNote {
  std::string reason;
  std::string actor;  // address of the person; empty for the platform itself

  std::string Detail() const {
    if (actor.empty()) return reason;
    return reason.empty() ? "by " + actor : reason + " (by " + actor + ")";
  }
};

class Store {
 public:
  virtual ~Store() = default;

  // Message, deliveries and events in one transaction. False if the mail_id is known: nothing
  // changed.
  virtual absl::StatusOr<bool> Enqueue(const NewMessage& message) = 0;

  // Takes due deliveries, the oldest first. No two claims give the same one while its lease runs.
  virtual absl::StatusOr<std::vector<Delivery>> Claim(const ClaimOptions& options) = 0;
  virtual absl::StatusOr<Message> LoadMessage(const Uuid& mail_id) = 0;
  // Settles the signature; the first one stays, and comes back.
  virtual absl::StatusOr<std::string> SettleSignature(const Uuid& mail_id,
                                                      const std::string& signature) = 0;
  // Those that are still held, from now on for `lease`.
  virtual absl::StatusOr<std::vector<Lease>> Renew(const std::vector<Lease>& leases,
                                                   absl::Duration lease) = 0;
  // Writes each outcome whose lease is still held, with its events and report; the leases that
  // were. The content of a message goes when its last delivery is final.
  virtual absl::StatusOr<std::vector<Lease>> Finish(const std::vector<Outcome>& outcomes) = 0;
  // Gives deliveries back to the queue whose lease ran out, or lasts longer than `longest` (the
  // clock was turned back since it was given); how many. They are due at once.
  virtual absl::StatusOr<int64_t> RequeueExpired(absl::Duration longest) = 0;
  // Forgets messages that were finished, and events that happened, longer ago than `keep`: by the
  // caller's clock, which says `now`, and by the store's own (K10).
  virtual absl::StatusOr<int64_t> Prune(absl::Time now, absl::Duration keep) = 0;

  // In the order of (mail_id, rcpt_no), behind `after`.
  virtual absl::StatusOr<std::vector<DeliveryRow>> List(const DeliveryFilter& filter,
                                                        const Position& after, int limit) = 0;
  // Applies to what is not final; a lease in the way is broken by a newer epoch. How many match.
  virtual absl::StatusOr<int64_t> ChangeDeliveries(Change change, const DeliveryFilter& filter,
                                                   const ChangeNote& note, absl::Time now) = 0;
  virtual absl::StatusOr<int64_t> CountChangeable(Change change, const DeliveryFilter& filter) = 0;
  virtual absl::StatusOr<QueueStats> Stats() = 0;

  virtual absl::Status RecordEvents(const std::vector<Event>& events) = 0;
  virtual absl::StatusOr<std::vector<Event>> History(const Uuid& mail_id) = 0;
  // Messages to or from the address: their events, newest first.
  virtual absl::StatusOr<std::vector<Event>> HistoryOf(const std::string& address, int limit) = 0;

  virtual absl::Status Health() = 0;
  // STORAGE_FULL while new mail finds no room. Does not block.
  virtual absl::Status Room() const = 0;
};

}  // namespace pennypost::relay
