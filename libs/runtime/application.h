#pragma once
// The life of a process: command line, configuration, log, threads, health port, services, drain.
//
// A main is a parts list:
//   int main(int argc, char** argv) {
//     return pennypost::runtime::Run("ingress", argc, argv, {&pennypost::ingress::Create});
//   }
//
// Exit codes: 0 ended by SIGTERM or SIGINT after a drain; 78 (EX_CONFIG) wrong configuration, one
// line a problem on stderr; 1 it could not start.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "clients/clients.h"
#include "net/tls.h"
#include "pennypost/config/v1/platform.pb.h"
#include "rpc/server.h"

namespace boost::asio {
class io_context;
}

namespace pennypost::runtime {

// What a service gets to build itself from. Lives longer than every service.
struct Environment {
  const config::v1::PlatformConfig& config;
  boost::asio::io_context& io;
  // Complete when Start is called, not before.
  clients::Clients& clients;
  // For the services' gRPC faces; started before the first Start.
  rpc::Server& rpc_server;
  // The certificate of the mail and web listeners; nullptr if none is configured.
  const net::TlsServerContext* tls;
};

// One service of the process. Start to FinishDrain are called from the main thread.
class Component {
 public:
  virtual ~Component() = default;
  virtual std::string_view name() const = 0;
  // Opens stores and listeners.
  virtual absl::Status Start() = 0;
  // Instead of Start, once: its database is a restored backup that nobody has worked on yet. What
  // was done since the backup is forgotten there and must not be done again, or go wrong.
  virtual absl::Status AfterRestore() { return absl::OkStatus(); }
  // OK when it can serve; what it cannot reach otherwise. Called often and from an io thread: must
  // not block.
  virtual absl::Status Ready() { return absl::OkStatus(); }
  // Takes nothing new. Must not block.
  virtual void BeginDrain() {}
  // Waits for what is in flight, at most this long, and stops.
  virtual void FinishDrain(absl::Duration /*at_most*/) {}
};

using Factory = absl::StatusOr<std::unique_ptr<Component>> (*)(Environment&);

// `name` chooses the section of endpoints and admin ports ("ingress", "standalone"). Services start
// in the order given and drain in the reverse order: list the owners of data first and the edges
// last.
int Run(std::string_view name, int argc, char** argv, const std::vector<Factory>& factories);

}  // namespace pennypost::runtime
