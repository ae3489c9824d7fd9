#pragma once
// The client side over gRPC: generated stubs talk through a Channel.

#include <google/protobuf/service.h>

#include <memory>
#include <string>

#include "base/status.h"
#include "rpc/loop.h"

namespace pennypost::rpc {

// PEM files for mutual TLS between services. Read at the start and again when they change (gRPC
// looks every ten seconds).
struct TlsFiles {
  std::string ca;
  std::string certificate;
  std::string key;
  bool empty() const { return ca.empty() || certificate.empty() || key.empty(); }
};

// A channel to `service` ("mailbox"). `endpoint` is HOST:PORT (mutual TLS; the certificate there
// must name the service, or standalone) or unix:/path (the file's permissions protect it). Connects
// at the first call and again after a failure. An unreachable service answers UNAVAILABLE, after
// three seconds if it has been so before; a late one DEADLINE_EXCEEDED. Thread-safe. `loop`
// outlives it.
absl::StatusOr<std::unique_ptr<google::protobuf::RpcChannel>> Connect(const std::string& service,
                                                                      const std::string& endpoint,
                                                                      const TlsFiles& tls,
                                                                      Loop& loop);

}  // namespace pennypost::rpc
