#pragma once
// A call as an awaitable: auto response = co_await rpc::Call(*directory,
// &DirectoryService::ResolveRecipient, request, absl::Seconds(5)). The coroutine goes on where it
// was, on its own executor.

#include <absl/functional/any_invocable.h>
#include <absl/time/clock.h>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "net/awaitable.h"
#include "rpc/controller.h"

namespace pennypost::rpc {

template <class Service, class Request, class Response>
using Method = void (Service::*)(google::protobuf::RpcController*, const Request*, Response*,
                                 google::protobuf::Closure*);

// The call with a callback, for code that is not a coroutine. `on_done` runs on whatever thread
// ends the call.
template <class Service, class Request, class Response>
void CallAsync(Service& service, Method<Service, Request, Response> method, Request request,
               absl::Duration timeout, std::function<void(absl::StatusOr<Response>)> on_done) {
  struct State final : google::protobuf::Closure {
    explicit State(absl::Time deadline) : controller(deadline) {}
    Controller controller;
    Request request;
    Response response;
    std::function<void(absl::StatusOr<Response>)> on_done;
    void Run() override {
      std::unique_ptr<State> self(this);
      if (controller.Failed()) {
        on_done(controller.status());
      } else {
        on_done(std::move(response));
      }
    }
  };
  auto* state = new State(absl::Now() + timeout);
  state->request = std::move(request);
  state->on_done = std::move(on_done);
  (service.*method)(&state->controller, &state->request, &state->response, state);
}

namespace internal {

// What a call and the coroutine that waits for it share. It lives until both have left it.
template <class Request, class Response>
class CallState final : public google::protobuf::Closure {
 public:
  CallState(Request r, absl::Time deadline) : controller(deadline), request(std::move(r)) {}

  // The call ends, on whatever thread.
  void Run() override {
    std::shared_ptr<CallState> self = std::move(alive_);
    if (stage_.exchange(Stage::kDone) == Stage::kAwaited) std::exchange(resume_, nullptr)();
  }
  bool done() const { return stage_ == Stage::kDone; }

  template <class Handler>
  void Await(Handler handler) {
    auto executor = boost::asio::get_associated_executor(handler);
    resume_ = [executor, handler = std::move(handler)]() mutable {
      boost::asio::post(executor, std::move(handler));
    };
    Stage running = Stage::kRunning;
    if (!stage_.compare_exchange_strong(running, Stage::kAwaited))
      std::exchange(resume_, nullptr)();
  }

  void KeepUntilRun(std::shared_ptr<CallState> self) { alive_ = std::move(self); }

  Controller controller;
  Request request;
  Response response;

 private:
  enum class Stage { kRunning, kAwaited, kDone };
  std::atomic<Stage> stage_ = Stage::kRunning;
  absl::AnyInvocable<void()> resume_;
  std::shared_ptr<CallState> alive_;
};

}  // namespace internal

// A call that is answered before its method returns (a service of this process that knows the
// answer) does not suspend: no queue of the executor is passed for it.
template <class Service, class Request, class Response>
net::Awaitable<absl::StatusOr<Response>> Call(Service& service,
                                              Method<Service, Request, Response> method,
                                              Request request, absl::Duration timeout) {
  using State = internal::CallState<Request, Response>;
  auto state = std::make_shared<State>(std::move(request), absl::Now() + timeout);
  state->KeepUntilRun(state);
  (service.*method)(&state->controller, &state->request, &state->response, state.get());
  if (!state->done()) {
    auto wait = [](auto handler, State* call) { call->Await(std::move(handler)); };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        wait, boost::asio::use_awaitable, state.get());
  }
  if (state->controller.Failed()) co_return state->controller.status();
  co_return std::move(state->response);
}

}  // namespace pennypost::rpc
