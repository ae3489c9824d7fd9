#pragma once
// Logins of all protocols, as the directory decides them.

#include <cstdint>
#include <string>

#include "clients/clients.h"
#include "net/awaitable.h"
#include "sasl/server.h"

namespace pennypost::access {

struct Account {
  int64_t id = 0;
  std::string address;
  int64_t quota_bytes = 0;  // 0: none is known here
  int64_t tenant_id = 0;
};

// Who wants to log in, for limits and app passwords.
struct LoginPeer {
  std::string protocol;  // "imap", "pop3", "sieve"
  std::string client_ip;
};

// Errors are those of the directory: Unauthenticated for a wrong password, Unavailable when it is
// away.
net::Awaitable<absl::StatusOr<Account>> CheckPassword(clients::Clients& clients, LoginPeer peer,
                                                      std::string user, std::string password);
net::Awaitable<absl::StatusOr<sasl::ScramKeys>> FetchScramKeys(clients::Clients& clients,
                                                               LoginPeer peer, std::string user);
enum class ScramEnd { kProved, kFailed };
net::Awaitable<absl::StatusOr<Account>> FinishScram(clients::Clients& clients, LoginPeer peer,
                                                    std::string user, ScramEnd end);

}  // namespace pennypost::access
