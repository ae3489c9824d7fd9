#pragma once
// The thread of a process that waits for what gRPC has done. Its server and its channels share it.
//
// gRPC lets one thread at a time look at the sockets. With the threads that gRPC keeps for
// callbacks every event woke two or three of them one after the other; a call between two services
// cost ten such turns.

#include <memory>

namespace grpc {
class CompletionQueue;
class ServerCompletionQueue;
}  // namespace grpc

namespace pennypost::rpc {

class Loop {
 public:
  // What is put into the queue as a tag.
  class Event {
   public:
    // The operation is over; `ok` as grpc::CompletionQueue::Next says it. Runs on the loop's thread
    // and must not block. May delete this.
    virtual void Done(bool ok) = 0;

   protected:
    ~Event() = default;
  };

  Loop();
  // Waits for the operations under way. Servers have been stopped before.
  ~Loop();

  // Thread-safe. The first call makes the queue, unless a server brought one.
  grpc::CompletionQueue& queue();
  // False if there is a queue already: one server, and before the first call of a channel.
  bool Adopt(std::unique_ptr<grpc::ServerCompletionQueue> queue);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pennypost::rpc
