#include "services/access/login.h"

#include "rpc/call.h"

namespace pennypost::access {
namespace {

namespace pb = directory::v1;

// Longer than the directory's longest delay after failures.
constexpr absl::Duration kTimeout = absl::Seconds(20);

Account FromProto(const pb::AuthenticateResponse& response) {
  const pb::Account& account = response.account();
  return {account.id(), account.address(), account.quota_bytes(), account.tenant_id()};
}

}  // namespace

net::Awaitable<absl::StatusOr<Account>> CheckPassword(clients::Clients& clients, LoginPeer peer,
                                                      std::string user, std::string password) {
  pb::AuthenticateRequest request;
  request.set_user(user);
  request.set_password(password);
  request.set_protocol(peer.protocol);
  request.set_client_ip(peer.client_ip);
  auto response = co_await rpc::Call(*clients.directory, &pb::DirectoryService::Authenticate,
                                     request, kTimeout);
  if (!response.ok()) co_return response.status();
  co_return FromProto(*response);
}

net::Awaitable<absl::StatusOr<sasl::ScramKeys>> FetchScramKeys(clients::Clients& clients,
                                                               LoginPeer peer, std::string user) {
  pb::GetScramKeysRequest request;
  request.set_user(user);
  request.set_protocol(peer.protocol);
  request.set_client_ip(peer.client_ip);
  auto response = co_await rpc::Call(*clients.directory, &pb::DirectoryService::GetScramKeys,
                                     request, kTimeout);
  if (!response.ok()) co_return response.status();
  sasl::ScramKeys keys;
  keys.salt = response->salt();
  keys.iterations = static_cast<int>(response->iterations());
  keys.stored_key = response->stored_key();
  keys.server_key = response->server_key();
  co_return keys;
}

net::Awaitable<absl::StatusOr<Account>> FinishScram(clients::Clients& clients, LoginPeer peer,
                                                    std::string user, ScramEnd end) {
  pb::FinishScramRequest request;
  request.set_user(user);
  request.set_protocol(peer.protocol);
  request.set_client_ip(peer.client_ip);
  request.set_success(end == ScramEnd::kProved);
  auto response =
      co_await rpc::Call(*clients.directory, &pb::DirectoryService::FinishScram, request, kTimeout);
  if (!response.ok()) co_return response.status();
  co_return FromProto(*response);
}

}  // namespace pennypost::access
