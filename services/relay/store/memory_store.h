#pragma once
// The queue in memory, for tests: the same contract, with a clock that the test moves.

#include <map>
#include <mutex>
#include <set>

#include "base/clock.h"
#include "services/relay/store/store.h"

namespace pennypost::relay {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

  absl::StatusOr<bool> Enqueue(const NewMessage& message) override;
  absl::StatusOr<std::vector<Delivery>> Claim(const ClaimOptions& options) override;
  absl::StatusOr<Message> LoadMessage(const Uuid& mail_id) override;
  absl::StatusOr<std::string> SettleSignature(const Uuid& mail_id,
                                              const std::string& signature) override;
  absl::StatusOr<std::vector<Lease>> Renew(const std::vector<Lease>& leases,
                                           absl::Duration lease) override;
  absl::StatusOr<std::vector<Lease>> Finish(const std::vector<Outcome>& outcomes) override;
  absl::StatusOr<int64_t> RequeueExpired(absl::Duration longest) override;
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
  absl::Status Health() override { return down_; }
  absl::Status Room() const override { return absl::OkStatus(); }

  // Finish refuses outcomes with this reply for good, and all that come with them.
  void RefuseReplyForTest(std::string reply) {
    std::lock_guard lock(mutex_);
    refused_reply_ = std::move(reply);
  }
  // Every call fails with this until it is OK again.
  void SetDownForTest(absl::Status status) {
    std::lock_guard lock(mutex_);
    down_ = std::move(status);
  }

 private:
  using Key = std::pair<Uuid, int>;
  struct Row {
    Delivery delivery;
    State state = State::kQueued;
    absl::Time next_at, lease_until;
    std::string last_reply;
  };
  struct Entry {
    Message message;
    int64_t size = 0;
    bool finished = false;
    absl::Time finished_at;
  };
  bool Insert(const NewMessage& message);
  Row* Held(const Lease& lease);
  bool Matches(const Row& row, const DeliveryFilter& filter) const;
  std::vector<Row*> Changeable(Change change, const DeliveryFilter& filter);
  void DropFinished(const Uuid& mail_id, absl::Time now);

  const Clock& clock_;
  mutable std::mutex mutex_;
  absl::Status down_;
  std::string refused_reply_;
  std::map<Uuid, Entry> messages_;
  std::map<Key, Row> rows_;
  std::vector<Event> events_;
};

}  // namespace pennypost::relay
