#pragma once
// Group commit: deliveries that arrive together are committed together.
//
// Each writer takes what waits, up to a batch, and stores it in one transaction; what arrives
// meanwhile is the next batch. A delivery that finds a writer idle is stored at once: a batch of
// one never waits.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

struct QueueOptions {
  size_t writers = 2;
  size_t batch_messages = 64;
  size_t batch_bytes = 4 << 20;
  size_t queue_limit = 4096;
  uint64_t body_budget = 384 << 20;  // of contents on their way in
};

class DeliveryQueue {
 public:
  DeliveryQueue(Store& store, QueueOptions options);
  // Stores what waits, then ends.
  ~DeliveryQueue();

  using Done = std::function<void(std::unique_ptr<Delivery>)>;

  // `done` runs on a writer thread once the delivery's status is set, and gets it back.
  // RESOURCE_EXHAUSTED (OVERLOADED) if too much waits: `done` does not run then.
  absl::Status Add(std::unique_ptr<Delivery> delivery, Done done);

 private:
  struct Item {
    std::unique_ptr<Delivery> delivery;
    Done done;
  };
  void Loop();
  std::vector<Item> TakeBatch();

  Store& store_;
  const QueueOptions options_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Item> queue_;
  bool stopping_ = false;
  std::vector<std::thread> writers_;
};

}  // namespace pennypost::mailbox
