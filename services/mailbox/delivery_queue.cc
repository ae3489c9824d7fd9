#include "services/mailbox/delivery_queue.h"

#include "metrics/metrics.h"

namespace pennypost::mailbox {

DeliveryQueue::DeliveryQueue(Store& store, QueueOptions options)
    : store_(store), options_(options) {
  for (size_t i = 0; i < options_.writers; ++i) writers_.emplace_back([this] { Loop(); });
}

DeliveryQueue::~DeliveryQueue() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (std::thread& writer : writers_) writer.join();
}

absl::Status DeliveryQueue::Add(std::unique_ptr<Delivery> delivery, Done done) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= options_.queue_limit) {
      return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                       "too many deliveries wait");
    }
    queue_.push_back({std::move(delivery), std::move(done)});
  }
  ready_.notify_one();
  return absl::OkStatus();
}

std::vector<DeliveryQueue::Item> DeliveryQueue::TakeBatch() {
  std::vector<Item> batch;
  size_t bytes = 0;
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  while (!queue_.empty() && batch.size() < options_.batch_messages) {
    size_t size = queue_.front().delivery->email.content.size();
    if (!batch.empty() && bytes + size > options_.batch_bytes) break;
    bytes += size;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void DeliveryQueue::Loop() {
  auto& batches = metrics::Counter("pennypost_mailbox_batches_total", "Delivery transactions");
  auto& messages =
      metrics::Counter("pennypost_mailbox_deliveries_total", "Messages in delivery transactions");
  for (;;) {
    std::vector<Item> batch = TakeBatch();
    if (batch.empty()) return;
    std::vector<Delivery*> deliveries;
    for (const Item& item : batch) deliveries.push_back(item.delivery.get());
    store_.StoreBatch(deliveries);
    batches.Increment();
    messages.Increment(static_cast<double>(batch.size()));
    for (Item& item : batch) item.done(std::move(item.delivery));
  }
}

}  // namespace pennypost::mailbox
