#pragma once
// Hands the mail of scripts to relay. A row is deleted when relay has it; until then it is tried
// again, later each time. Its id is relay's request id, so that twice handed over is sent once.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "pennypost/relay/v1/relay_service.pb.h"
#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

class Outbox {
 public:
  // May block.
  using Enqueue = std::function<absl::Status(const relay::v1::EnqueueRequest&)>;

  Outbox(Store& store, Enqueue enqueue) : store_(store), enqueue_(std::move(enqueue)) {}
  ~Outbox();

  void Start();
  // A delivery with outgoing mail was committed.
  void Wake();
  // Until nothing is due. For tests and the thread.
  void RunOnce();

 private:
  void Loop();
  void HandOver(const OutboxItem& item);

  Store& store_;
  const Enqueue enqueue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pennypost::mailbox
