#pragma once
// A call whose caller has something to say while it waits, every so often.

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <optional>

#include "rpc/call.h"

namespace pennypost::rpc {

class Ticker {
 public:
  virtual ~Ticker() = default;
  // The call has not ended yet.
  virtual net::Awaitable<void> Tick() = 0;
};

// As Call, with a tick after each `interval` that passed without an answer.
template <class Service, class Request, class Response>
net::Awaitable<absl::StatusOr<Response>> PatientCall(Service& service,
                                                     Method<Service, Request, Response> method,
                                                     Request request, absl::Duration timeout,
                                                     absl::Duration interval, Ticker& ticker) {
  // Shared with the callback, which may run on any thread and after this coroutine was destroyed.
  struct State {
    explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;
    std::atomic<bool> done{false};
    std::optional<absl::StatusOr<Response>> answer;  // before `done`
  };
  auto executor = co_await boost::asio::this_coro::executor;
  auto state = std::make_shared<State>(executor);
  std::function<void(absl::StatusOr<Response>)> on_done =
      [state, executor](absl::StatusOr<Response> answer) {
        state->answer = std::move(answer);
        state->done = true;
        // On the executor the coroutine is between two steps: it looks at `done`, or it waits.
        boost::asio::post(executor, [state] { state->timer.cancel(); });
      };
  CallAsync<Service, Request, Response>(service, method, std::move(request), timeout,
                                        std::move(on_done));
  while (!state->done) {
    state->timer.expires_after(std::chrono::nanoseconds(absl::ToInt64Nanoseconds(interval)));
    boost::system::error_code error;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
    auto wait = state->timer.async_wait(token);
    co_await std::move(wait);
    if (!state->done) co_await ticker.Tick();
  }
  co_return *std::move(state->answer);
}

}  // namespace pennypost::rpc
