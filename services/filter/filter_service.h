#pragma once
// The gRPC face of the filter: proto to a Case, a Verdict to proto.

#include "pennypost/filter/v1/filter_service.pb.h"
#include "services/filter/core/judge.h"

namespace pennypost::filter {

class FilterService final : public v1::FilterService {
 public:
  // Verdicts run as coroutines on `executor`. Both outlive the service.
  FilterService(net::Executor executor, Judge& judge)
      : executor_(std::move(executor)), judge_(judge) {}

  void Check(google::protobuf::RpcController* controller, const v1::CheckRequest* request,
             v1::CheckResponse* response, google::protobuf::Closure* done) override;

 private:
  net::Awaitable<void> Answer(const v1::CheckRequest* request, v1::CheckResponse* response,
                              google::protobuf::Closure* done);

  net::Executor executor_;
  Judge& judge_;
};

}  // namespace pennypost::filter
