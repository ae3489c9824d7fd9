#pragma once
// Work that blocks, awaited: it runs on a pool, and the coroutine goes on where it was.

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>

#include "net/awaitable.h"
#include "rpc/worker_pool.h"

namespace pennypost::relay {

// `Result` is made from an absl::Status when the pool has no place.
template <class Result>
net::Awaitable<Result> RunBlocking(rpc::WorkerPool& pool, std::function<Result()> work) {
  auto start = [](auto handler, rpc::WorkerPool* where, std::function<Result()>* what) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto resume = [shared, executor](Result result) {
      boost::asio::post(executor, [shared, result = std::move(result)]() mutable {
        auto handler_once = std::move(*shared);
        handler_once(std::move(result));
      });
    };
    std::function<void()> task = [resume, run = std::move(*what)] { resume(run()); };
    if (where->Submit(std::move(task))) return;
    resume(Result(MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                            "the worker pool is full")));
  };
  Result result =
      co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Result)>(
          start, boost::asio::use_awaitable, &pool, &work);
  co_return result;
}

}  // namespace pennypost::relay
