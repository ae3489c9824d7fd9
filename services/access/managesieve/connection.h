#pragma once
// The driver of one ManageSieve connection: as ImapConnection.

#include <memory>
#include <string>

#include "clients/clients.h"
#include "managesieve/session.h"
#include "services/access/client_link.h"
#include "services/access/login.h"
#include "services/access/user_connections.h"

namespace pennypost::access {

struct ManageSieveOptions {
  LinkOptions link;
  UserConnections* users = nullptr;  // nullptr: no limit for each user
  absl::Duration login_timeout = absl::Seconds(60);
  absl::Duration idle_timeout = absl::Minutes(30);
};

class ManageSieveConnection {
 public:
  ManageSieveConnection(clients::Clients& clients, const ManageSieveOptions& options,
                        std::shared_ptr<net::Stream> stream, net::Peer peer,
                        const net::DrainSignal& drain);

  // Until the connection ends. The caller closes the stream.
  net::Awaitable<void> Run();

 private:
  net::Awaitable<bool> Act(managesieve::Step step);
  net::Awaitable<bool> Read();
  net::Awaitable<managesieve::Outcome> Answer(managesieve::Request request);
  managesieve::Outcome Login(absl::StatusOr<Account> account);

  clients::Clients& clients_;
  const ManageSieveOptions& options_;
  ClientLink link_;
  managesieve::ServerSession session_;
  Account account_;
  UserConnections::Place place_;
};

}  // namespace pennypost::access
