#include "services/relay/store/memory_store.h"

#include <algorithm>

#include "services/relay/store/change_rules.h"

namespace pennypost::relay {

bool MemoryStore::Insert(const NewMessage& message) {
  const Uuid& mail_id = message.message.mail_id;
  Entry entry{message.message, static_cast<int64_t>(message.message.content.size()), false, {}};
  if (!messages_.emplace(mail_id, std::move(entry)).second) return false;
  for (size_t i = 0; i < message.recipients.size(); ++i) {
    Row row;
    row.delivery.lease = {mail_id, static_cast<int>(i), 0};
    row.delivery.recipient = message.recipients[i];
    row.delivery.route = RouteOf(message.recipients[i]);
    row.state = message.hold_reason.empty() ? State::kQueued : State::kHeld;
    row.next_at = message.message.queued_at;
    row.last_reply = message.hold_reason;
    rows_[{mail_id, static_cast<int>(i)}] = std::move(row);
  }
  events_.insert(events_.end(), message.events.begin(), message.events.end());
  return true;
}

absl::StatusOr<bool> MemoryStore::Enqueue(const NewMessage& message) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  return Insert(message);
}

absl::StatusOr<std::vector<Delivery>> MemoryStore::Claim(const ClaimOptions& options) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  std::vector<Row*> due;
  for (auto& [key, row] : rows_) {
    const std::vector<std::string>& busy = options.busy_routes;
    bool is_busy = std::find(busy.begin(), busy.end(), row.delivery.route) != busy.end();
    if (row.state == State::kQueued && row.next_at <= options.now && !is_busy) due.push_back(&row);
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const Row* a, const Row* b) { return a->next_at < b->next_at; });
  if (due.size() > static_cast<size_t>(options.limit))
    due.resize(static_cast<size_t>(options.limit));
  std::vector<Delivery> claimed;
  for (Row* row : due) {
    row->state = State::kLeased;
    row->lease_until = clock_.Now() + options.lease;
    ++row->delivery.lease.epoch;
    ++row->delivery.attempts;
    claimed.push_back(row->delivery);
  }
  return claimed;
}

absl::StatusOr<Message> MemoryStore::LoadMessage(const Uuid& mail_id) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  auto found = messages_.find(mail_id);
  if (found == messages_.end() || found->second.finished)
    return NotFoundError("no such message in the queue");
  return found->second.message;
}

absl::StatusOr<std::string> MemoryStore::SettleSignature(const Uuid& mail_id,
                                                         const std::string& signature) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  auto found = messages_.find(mail_id);
  if (found == messages_.end()) return NotFoundError("no such message in the queue");
  Message& message = found->second.message;
  if (!message.is_signed) message.signature = signature;
  message.is_signed = true;
  return message.signature;
}

MemoryStore::Row* MemoryStore::Held(const Lease& lease) {
  auto found = rows_.find({lease.mail_id, lease.rcpt_no});
  if (found == rows_.end()) return nullptr;
  Row& row = found->second;
  return row.state == State::kLeased && row.delivery.lease.epoch == lease.epoch ? &row : nullptr;
}

absl::StatusOr<std::vector<Lease>> MemoryStore::Renew(const std::vector<Lease>& leases,
                                                      absl::Duration lease) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  std::vector<Lease> held;
  for (const Lease& one : leases) {
    Row* row = Held(one);
    if (row == nullptr) continue;
    row->lease_until = clock_.Now() + lease;
    held.push_back(one);
  }
  return held;
}

void MemoryStore::DropFinished(const Uuid& mail_id, absl::Time now) {
  for (const auto& [key, row] : rows_) {
    if (key.first == mail_id && !IsFinal(row.state)) return;
  }
  Entry& entry = messages_[mail_id];
  entry.finished = true;
  entry.finished_at = now;
  entry.message.content.clear();
}

absl::StatusOr<std::vector<Lease>> MemoryStore::Finish(const std::vector<Outcome>& outcomes) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  for (const Outcome& outcome : outcomes) {
    if (!refused_reply_.empty() && outcome.reply == refused_reply_) return BugError("data error");
  }
  std::vector<Lease> written;
  for (const Outcome& outcome : outcomes) {
    Row* row = Held(outcome.lease);
    if (row == nullptr) continue;
    row->state = outcome.state;
    row->next_at = outcome.next_at;
    row->last_reply = outcome.reply;
    row->delivery.delay_reported = outcome.delay_reported;
    written.push_back(outcome.lease);
    events_.insert(events_.end(), outcome.events.begin(), outcome.events.end());
    if (outcome.report) Insert(*outcome.report);
    if (IsFinal(outcome.state)) DropFinished(outcome.lease.mail_id, clock_.Now());
  }
  return written;
}

absl::StatusOr<int64_t> MemoryStore::RequeueExpired(absl::Duration longest) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  int64_t count = 0;
  for (auto& [key, row] : rows_) {
    absl::Duration left = row.lease_until - clock_.Now();
    if (row.state != State::kLeased || (left >= absl::ZeroDuration() && left <= longest)) continue;
    row.state = State::kQueued;
    ++row.delivery.lease.epoch;
    ++count;
  }
  return count;
}

absl::StatusOr<int64_t> MemoryStore::Prune(absl::Time now, absl::Duration keep) {
  std::lock_guard lock(mutex_);
  absl::Time before = std::min(now, clock_.Now()) - keep;
  RETURN_IF_ERROR(down_);
  std::set<Uuid> gone;
  for (const auto& [mail_id, entry] : messages_) {
    if (entry.finished && entry.finished_at < before) gone.insert(mail_id);
  }
  std::erase_if(messages_, [&gone](const auto& item) { return gone.count(item.first) > 0; });
  std::erase_if(rows_, [&gone](const auto& item) { return gone.count(item.first.first) > 0; });
  size_t events =
      std::erase_if(events_, [before](const Event& event) { return event.time < before; });
  return static_cast<int64_t>(gone.size() + events);
}

bool MemoryStore::Matches(const Row& row, const DeliveryFilter& filter) const {
  const Recipient& recipient = row.delivery.recipient;
  const Uuid& mail_id = row.delivery.lease.mail_id;
  return (!filter.mail_id || *filter.mail_id == mail_id) &&
         (filter.sender.empty() || filter.sender == messages_.at(mail_id).message.sender) &&
         (filter.recipient.empty() || filter.recipient == recipient.address) &&
         (filter.recipient_domain.empty() ||
          filter.recipient_domain == DomainOf(recipient.address)) &&
         (!filter.state || *filter.state == row.state);
}

absl::StatusOr<std::vector<DeliveryRow>> MemoryStore::List(const DeliveryFilter& filter,
                                                           const Position& after, int limit) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  std::vector<DeliveryRow> rows;
  for (auto it = rows_.upper_bound({after.mail_id, after.rcpt_no}); it != rows_.end(); ++it) {
    if (rows.size() == static_cast<size_t>(limit)) break;
    const Row& row = it->second;
    if (!Matches(row, filter)) continue;
    const Entry& entry = messages_.at(it->first.first);
    rows.push_back({it->first.first, it->first.second, entry.message.sender,
                    row.delivery.recipient.address, row.state, row.delivery.attempts,
                    entry.message.queued_at, row.next_at, row.last_reply, row.delivery.route,
                    entry.size});
  }
  return rows;
}

std::vector<MemoryStore::Row*> MemoryStore::Changeable(Change change,
                                                       const DeliveryFilter& filter) {
  std::vector<State> states = ChangeableStates(change);
  std::vector<Row*> found;
  for (auto& [key, row] : rows_) {
    if (Matches(row, filter) &&
        std::find(states.begin(), states.end(), row.state) != states.end()) {
      found.push_back(&row);
    }
  }
  return found;
}

absl::StatusOr<int64_t> MemoryStore::CountChangeable(Change change, const DeliveryFilter& filter) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  return static_cast<int64_t>(Changeable(change, filter).size());
}

absl::StatusOr<int64_t> MemoryStore::ChangeDeliveries(Change change, const DeliveryFilter& filter,
                                                      const ChangeNote& note, absl::Time now) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  std::vector<Row*> found = Changeable(change, filter);
  for (Row* row : found) {
    const Uuid& mail_id = row->delivery.lease.mail_id;
    row->state = ChangedState(change);
    row->next_at = now;
    if (!note.reason.empty()) row->last_reply = note.reason;
    ++row->delivery.lease.epoch;
    events_.push_back({mail_id, now, "relay", std::string(ChangeEvent(change)),
                       messages_[mail_id].message.sender, row->delivery.recipient.address,
                       note.Detail()});
    if (change == Change::kCancel) DropFinished(mail_id, now);
  }
  return static_cast<int64_t>(found.size());
}

absl::StatusOr<QueueStats> MemoryStore::Stats() {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  QueueStats stats;
  for (const auto& [key, row] : rows_) {
    stats.leased += row.state == State::kLeased ? 1 : 0;
    stats.held += row.state == State::kHeld ? 1 : 0;
    if (row.state != State::kQueued) continue;
    ++stats.queued;
    absl::Time queued_at = messages_[key.first].message.queued_at;
    stats.oldest_queued_at = std::min(stats.oldest_queued_at.value_or(queued_at), queued_at);
  }
  return stats;
}

absl::Status MemoryStore::RecordEvents(const std::vector<Event>& events) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  events_.insert(events_.end(), events.begin(), events.end());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Event>> MemoryStore::History(const Uuid& mail_id) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  std::vector<Event> found;
  for (const Event& event : events_) {
    if (event.mail_id == mail_id) found.push_back(event);
  }
  return found;
}

absl::StatusOr<std::vector<Event>> MemoryStore::HistoryOf(const std::string& address, int limit) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(down_);
  std::vector<Event> found;
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (found.size() == static_cast<size_t>(limit)) break;
    if (event->sender == address || event->recipient == address) found.push_back(*event);
  }
  return found;
}

}  // namespace pennypost::relay
