#pragma once
// Threads for work that blocks (SQL, password hashing), with a bounded queue: when it is full, the
// answer is RESOURCE_EXHAUSTED at once, and nobody waits for a place.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "rpc/controller.h"

namespace pennypost::rpc {

class WorkerPool {
 public:
  WorkerPool(size_t threads, size_t queue_limit);
  // Runs what is queued, then joins.
  ~WorkerPool();

  // False if the queue is full: `work` will not run.
  bool Submit(std::function<void()> work);

  // For a service method: runs `work` on the pool and ends the call with what it returns.
  void Run(google::protobuf::RpcController* controller, google::protobuf::Closure* done,
           std::function<absl::Status()> work);

 private:
  void Loop();

  const size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pennypost::rpc
