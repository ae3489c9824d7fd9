#pragma once
// The other services as one service sees them.
//
// A pointer is either the service itself (standalone sets those it holds before anything starts) or
// a stub over gRPC that Connect makes for every service that is still missing. Whoever calls does
// not know which.

#include <memory>
#include <vector>

#include "base/status.h"
#include "pennypost/config/v1/common.pb.h"
#include "pennypost/directory/v1/directory_service.pb.h"
#include "pennypost/filter/v1/filter_service.pb.h"
#include "pennypost/mailbox/v1/mailbox_service.pb.h"
#include "pennypost/relay/v1/relay_service.pb.h"
#include "pennypost/resolver/v1/resolver_service.pb.h"
#include "rpc/loop.h"

namespace pennypost::clients {

// Built once, before the services start; read-only and thread-safe from then on.
struct Clients {
  directory::v1::DirectoryService* directory = nullptr;
  filter::v1::FilterService* filter = nullptr;
  mailbox::v1::MailboxService* mailbox = nullptr;
  relay::v1::RelayService* relay = nullptr;
  resolver::v1::ResolverService* resolver = nullptr;

  // Connections are opened at the first call: services may start in any order.
  absl::Status Connect(const config::v1::RpcConfig& rpc, rpc::Loop& loop);

 private:
  std::vector<std::unique_ptr<google::protobuf::RpcChannel>> channels_;
  std::vector<std::unique_ptr<google::protobuf::Service>> stubs_;
};

}  // namespace pennypost::clients
