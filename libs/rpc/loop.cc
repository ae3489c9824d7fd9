#include "rpc/loop.h"

#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

namespace pennypost::rpc {
namespace {

// One thread frames and encrypts some ten thousand calls a second.
unsigned Threads() {
  return std::clamp(std::thread::hardware_concurrency() / 4, 1u, 4u);
}

}  // namespace

struct Loop::Impl {
  std::once_flag once;
  std::unique_ptr<grpc::CompletionQueue> queue;
  std::vector<std::thread> threads;

  void Start(std::unique_ptr<grpc::CompletionQueue> first) {
    queue = std::move(first);
    for (unsigned i = 0; i < Threads(); ++i) threads.emplace_back([this] { Run(); });
  }
  void Run() {
    void* tag = nullptr;
    bool ok = false;
    while (queue->Next(&tag, &ok)) static_cast<Event*>(tag)->Done(ok);
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}

Loop::~Loop() {
  if (!impl_->queue) return;
  impl_->queue->Shutdown();
  for (std::thread& thread : impl_->threads) thread.join();
}

grpc::CompletionQueue& Loop::queue() {
  std::call_once(impl_->once, [this] { impl_->Start(std::make_unique<grpc::CompletionQueue>()); });
  return *impl_->queue;
}

bool Loop::Adopt(std::unique_ptr<grpc::ServerCompletionQueue> queue) {
  bool first = false;
  std::call_once(impl_->once, [&] {
    first = true;
    impl_->Start(std::move(queue));
  });
  return first;
}

}  // namespace pennypost::rpc
