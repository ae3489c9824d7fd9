#pragma once
// The server side over gRPC: any number of generated services on one endpoint.

#include <absl/time/time.h>
#include <google/protobuf/service.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "rpc/channel.h"
#include "rpc/loop.h"

namespace pennypost::rpc {

class Server {
 public:
  // Its queue becomes the loop's, which outlives it.
  explicit Server(Loop& loop);
  ~Server();

  // Before Start. The service must outlive the server.
  void Add(google::protobuf::Service* service);
  // HOST:PORT with mutual TLS, or unix:/path with mode 0600.
  absl::Status Start(const std::string& endpoint, const TlsFiles& tls);
  // The port that was bound (for port 0).
  int port() const;
  // Takes no new calls, waits for those in flight until the deadline, then cancels them.
  void Stop(absl::Time deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pennypost::rpc
