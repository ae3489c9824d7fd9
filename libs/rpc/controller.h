#pragma once
// The context of one call, on both sides of it.
//
// Services are the abstract classes that protoc makes from our .proto files (cc_generic_services).
// A client holds a pointer to such a class and does not know whether behind it is the service
// itself, in the same process, or an rpc::Channel to another one: the call is the same.
//
// A method is called on an io or gRPC thread and must not block there: it hands blocking work to a
// pool of its own and runs `done` when the response is filled or the status set.

#include <absl/time/time.h>
#include <google/protobuf/service.h>

#include <string>

#include "base/status.h"

namespace pennypost::rpc {

class Controller final : public google::protobuf::RpcController {
 public:
  explicit Controller(absl::Time deadline = absl::InfiniteFuture()) : deadline_(deadline) {}

  absl::Time deadline() const { return deadline_; }
  const absl::Status& status() const { return status_; }
  void SetStatus(absl::Status status) { status_ = std::move(status); }
  // Name of the calling service as its certificate says; empty for a call inside the process or
  // over a unix socket.
  const std::string& caller() const { return caller_; }
  void set_caller(std::string caller) { caller_ = std::move(caller); }

  void Reset() override { status_ = absl::OkStatus(); }
  bool Failed() const override { return !status_.ok(); }
  std::string ErrorText() const override { return MessageOf(status_); }
  void StartCancel() override {}
  void SetFailed(const std::string& reason) override { status_ = BugError(reason); }
  bool IsCanceled() const override { return false; }
  void NotifyOnCancel(google::protobuf::Closure*) override {}

 private:
  absl::Time deadline_;
  absl::Status status_;
  std::string caller_;
};

// For a service method: ends the call with this status (fills nothing if it is OK).
inline void Finish(google::protobuf::RpcController* controller, google::protobuf::Closure* done,
                   absl::Status status) {
  static_cast<Controller*>(controller)->SetStatus(std::move(status));
  done->Run();
}

}  // namespace pennypost::rpc
