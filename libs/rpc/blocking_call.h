#pragma once
// A call that waits, for threads that may: workers of a pool, never an io thread.

#include <future>
#include <memory>

#include "rpc/call.h"

namespace pennypost::rpc {

template <class Service, class Request, class Response>
absl::StatusOr<Response> CallAndWait(Service& service, Method<Service, Request, Response> method,
                                     Request request, absl::Duration timeout) {
  // Shared: the waiting thread goes on while the answering one is still inside set_value.
  auto answer = std::make_shared<std::promise<absl::StatusOr<Response>>>();
  std::future<absl::StatusOr<Response>> answered = answer->get_future();
  CallAsync<Service, Request, Response>(
      service, method, std::move(request), timeout,
      [answer](absl::StatusOr<Response> response) { answer->set_value(std::move(response)); });
  return answered.get();
}

}  // namespace pennypost::rpc
