#pragma once
// The queue in PostgreSQL. Lease time is the server's time.

#include "pg/pool.h"
#include "services/relay/store/store.h"

namespace pennypost::relay {

class PgStore final : public Store {
 public:
  PgStore(std::string dsn, size_t connections) : pool_(std::move(dsn), connections) {}

  absl::StatusOr<bool> Enqueue(const NewMessage& message) override;
  absl::StatusOr<std::vector<Delivery>> Claim(const ClaimOptions& options) override;
  absl::StatusOr<Message> LoadMessage(const Uuid& mail_id) override;
  absl::StatusOr<std::string> SettleSignature(const Uuid& mail_id,
                                              const std::string& signature) override;
  absl::StatusOr<std::vector<Lease>> Renew(const std::vector<Lease>& leases,
                                           absl::Duration lease) override;
  absl::StatusOr<std::vector<Lease>> Finish(const std::vector<Outcome>& outcomes) override;
  absl::StatusOr<int64_t> RequeueExpired(absl::Duration longest) override;
  // Nothing that is on its way goes on until an operator says so.
  absl::Status HoldAll(const std::string& reason);
  absl::StatusOr<int64_t> Prune(absl::Time now, absl::Duration keep) override;
  absl::StatusOr<std::vector<DeliveryRow>> List(const DeliveryFilter& filter, const Position& after,
                                                int limit) override;
  absl::StatusOr<int64_t> ChangeDeliveries(Change change, const DeliveryFilter& filter,
                                           const ChangeNote& note, absl::Time now) override;
  absl::StatusOr<int64_t> CountChangeable(Change change, const DeliveryFilter& filter) override;
  absl::StatusOr<QueueStats> Stats() override;
  absl::Status RecordEvents(const std::vector<Event>& events) override;
  absl::StatusOr<std::vector<Event>> History(const Uuid& mail_id) override;
  absl::StatusOr<std::vector<Event>> HistoryOf(const std::string& address, int limit) override;
  absl::Status Health() override { return pool_.Health(); }
  absl::Status Room() const override { return pool_.Room(); }

 private:
  pg::Pool pool_;
};

}  // namespace pennypost::relay
