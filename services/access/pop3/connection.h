#pragma once
// The driver of one POP3 connection: as ImapConnection.

#include <memory>
#include <string>

#include "clients/clients.h"
#include "pop3/session.h"
#include "services/access/client_link.h"
#include "services/access/login.h"

namespace pennypost::access {

struct Pop3Options {
  std::string host;
  LinkOptions link;
  absl::Duration login_timeout = absl::Seconds(60);
  absl::Duration idle_timeout = absl::Minutes(10);
};

class Pop3Connection {
 public:
  Pop3Connection(clients::Clients& clients, const Pop3Options& options,
                 std::shared_ptr<net::Stream> stream, net::Peer peer,
                 const net::DrainSignal& drain);

  // Until the connection ends. The caller closes the stream.
  net::Awaitable<void> Run();

 private:
  net::Awaitable<bool> Act(pop3::Step step);
  net::Awaitable<bool> Read();
  net::Awaitable<pop3::Outcome> Answer(pop3::Request request);
  pop3::Outcome Login(absl::StatusOr<Account> account);
  net::Awaitable<absl::Status> Lock();

  clients::Clients& clients_;
  const Pop3Options& options_;
  ClientLink link_;
  pop3::ServerSession session_;
  Account account_;
  int64_t mailbox_id_ = 0;
  std::string lock_;  // our name as its holder; empty without the lock
  absl::Time locked_until_;
};

}  // namespace pennypost::access
