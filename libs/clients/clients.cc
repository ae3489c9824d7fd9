#include "clients/clients.h"

#include "rpc/channel.h"

namespace pennypost::clients {

absl::Status Clients::Connect(const config::v1::RpcConfig& rpc, rpc::Loop& loop) {
  rpc::TlsFiles tls{rpc.ca_file(), rpc.certificate_file(), rpc.key_file()};
  auto connect = [&]<class Service>(Service*& client, const char* name,
                                    const std::string& endpoint) -> absl::Status {
    if (client != nullptr || endpoint.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(auto channel, rpc::Connect(name, endpoint, tls, loop));
    auto stub = std::make_unique<typename Service::Stub>(channel.get());
    client = stub.get();
    channels_.push_back(std::move(channel));
    stubs_.push_back(std::move(stub));
    return absl::OkStatus();
  };
  const auto& endpoints = rpc.endpoints();
  RETURN_IF_ERROR(connect(directory, "directory", endpoints.directory()));
  RETURN_IF_ERROR(connect(filter, "filter", endpoints.filter()));
  RETURN_IF_ERROR(connect(mailbox, "mailbox", endpoints.mailbox()));
  RETURN_IF_ERROR(connect(relay, "relay", endpoints.relay()));
  return connect(resolver, "resolver", endpoints.resolver());
}

}  // namespace pennypost::clients
