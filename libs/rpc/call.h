#pragma once
// A call as an awaitable: auto response = co_await rpc::Call(*directory,
// &DirectoryService::ResolveRecipient, request, absl::Seconds(5)). The coroutine goes on where it
// was, on its own executor.

#include <absl/time/clock.h>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>

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

// Keeps the coroutine's handler until the service is done. A call that is answered before its
// method returns (a cache hit) still resumes through post, so that the stack cannot grow with the
// number of calls.
template <class Handler, class Response, class Request>
struct CallState final : google::protobuf::Closure {
  CallState(Handler h, Request r, absl::Time deadline)
      : controller(deadline),
        request(std::move(r)),
        handler(std::move(h)),
        executor(boost::asio::get_associated_executor(handler)) {}
  Controller controller;
  Request request;
  Response response;
  Handler handler;
  boost::asio::associated_executor_t<Handler> executor;
  void Run() override {
    auto target = executor;
    boost::asio::post(target, [self = std::unique_ptr<CallState>(this)]() mutable {
      absl::StatusOr<Response> result = self->controller.Failed()
                                            ? absl::StatusOr<Response>(self->controller.status())
                                            : absl::StatusOr<Response>(std::move(self->response));
      Handler resume = std::move(self->handler);
      self.reset();
      resume(std::move(result));
    });
  }
};

}  // namespace internal

template <class Service, class Request, class Response>
net::Awaitable<absl::StatusOr<Response>> Call(Service& service,
                                              Method<Service, Request, Response> method,
                                              Request request, absl::Duration timeout) {
  auto start = [](auto handler, Service* target, Method<Service, Request, Response> what,
                  Request* question, absl::Time deadline) {
    using State = internal::CallState<decltype(handler), Response, Request>;
    auto* state = new State(std::move(handler), std::move(*question), deadline);
    (target->*what)(&state->controller, &state->request, &state->response, state);
  };
  absl::Time deadline = absl::Now() + timeout;
  absl::StatusOr<Response> result =
      co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                           void(absl::StatusOr<Response>)>(
          start, boost::asio::use_awaitable, &service, method, &request, deadline);
  co_return result;
}

}  // namespace pennypost::rpc
