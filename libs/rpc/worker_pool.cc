#include "rpc/worker_pool.h"

#include <absl/time/clock.h>

namespace pennypost::rpc {

WorkerPool::WorkerPool(size_t threads, size_t queue_limit) : queue_limit_(queue_limit) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::Submit(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= queue_limit_) return false;
    queue_.push_back(std::move(work));
  }
  ready_.notify_one();
  return true;
}

void WorkerPool::Run(google::protobuf::RpcController* controller, google::protobuf::Closure* done,
                     std::function<absl::Status()> work) {
  auto task = [controller, done, work = std::move(work)] {
    auto* ours = static_cast<Controller*>(controller);
    // Nobody waits for the answer any more: the work would only make others late too.
    if (ours->deadline() < absl::Now()) {
      Finish(controller, done, absl::DeadlineExceededError("waited too long for a worker"));
      return;
    }
    Finish(controller, done, work());
  };
  if (!Submit(std::move(task))) {
    Finish(controller, done,
           MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverloaded, "too busy"));
  }
}

void WorkerPool::Loop() {
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace pennypost::rpc
