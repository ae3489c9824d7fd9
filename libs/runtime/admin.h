#pragma once
// The health and metrics port: /livez, /readyz, /startupz, /metrics, /version. No secrets, no
// authentication: it belongs on an inner network.

#include <memory>
#include <vector>

#include "http/server.h"
#include "net/listener.h"
#include "net/tls.h"
#include "pennypost/health/v1/health.pb.h"
#include "runtime/application.h"

namespace pennypost::runtime {

class Admin : public grpc::health::v1::Health {
 public:
  // `tls`: the certificate whose end /metrics shows; nullptr for none. It outlives the admin.
  Admin(boost::asio::io_context& io, std::string name, const net::TlsServerContext* tls);

  absl::Status Listen(const std::string& address);
  // The port that was bound (for port 0).
  uint16_t port() const { return listener_.port(); }
  // Before: /readyz and gRPC health say no. `services` must outlive the admin.
  void SetServices(const std::vector<std::unique_ptr<Component>>* services);
  void SetDraining();

  void Check(google::protobuf::RpcController* controller,
             const grpc::health::v1::HealthCheckRequest* request,
             grpc::health::v1::HealthCheckResponse* response,
             google::protobuf::Closure* done) override;

 private:
  http::Response Answer(const http::Request& request) const;
  // One line a service; `all` is false if one is not ready.
  std::string Report(bool* all) const;

  const std::string name_;
  const net::TlsServerContext* const tls_;
  net::Listener listener_;
  std::atomic<const std::vector<std::unique_ptr<Component>>*> services_{nullptr};
  std::atomic<bool> draining_{false};
};

}  // namespace pennypost::runtime
