#pragma once
// The gRPC face of the resolver: proto to DnsClient and back.

#include <memory>
#include <mutex>
#include <random>

#include "pennypost/resolver/v1/resolver_service.pb.h"
#include "services/resolver/core/route.h"

namespace pennypost::resolver {

// Nothing here blocks: each call ends on a thread of the DnsClient. Thread-safe.
class ResolverService final : public v1::ResolverService {
 public:
  explicit ResolverService(DnsClient& dns, uint32_t seed);

  void Lookup(google::protobuf::RpcController* controller, const v1::LookupRequest* request,
              v1::LookupResponse* response, google::protobuf::Closure* done) override;
  void ResolveRoute(google::protobuf::RpcController* controller,
                    const v1::ResolveRouteRequest* request, v1::ResolveRouteResponse* response,
                    google::protobuf::Closure* done) override;
  void VerifyPtr(google::protobuf::RpcController* controller, const v1::VerifyPtrRequest* request,
                 v1::VerifyPtrResponse* response, google::protobuf::Closure* done) override;

 private:
  uint32_t Below(uint32_t bound);

  DnsClient& dns_;
  std::mutex mutex_;
  std::mt19937 random_;
};

}  // namespace pennypost::resolver
