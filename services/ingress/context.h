#pragma once
// What the policy functions work with: the platform, shared by all sessions, and the session's own
// state.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/body_budget.h"
#include "base/clock.h"
#include "base/expiring_cache.h"
#include "clients/clients.h"
#include "mail/envelope.h"
#include "net/listener.h"
#include "net/tls.h"
#include "services/ingress/connect_rate.h"
#include "services/ingress/refusal_budget.h"
#include "services/ingress/store_room.h"
#include "smtp/server_session.h"

namespace pennypost::ingress {

struct IngressOptions {
  std::string hostname;
  smtp::ServerLimits limits;
  uint32_t max_hops = 50;
  uint32_t max_connections = 10000;
  uint32_t connections_per_minute = 300;  // from one address
  uint64_t body_budget = 256ull << 20;
  absl::Duration command_timeout = absl::Minutes(5);
  absl::Duration data_timeout = absl::Minutes(3);
  bool defer_without_filter = false;
  std::vector<net::Cidr> proxy_networks;
};

// Shared by all sessions; outlives them. Thread-safe.
struct Platform {
  Platform(IngressOptions ingress_options, clients::Clients& ingress_clients,
           const Clock& ingress_clock, const net::TlsServerContext* tls_context)
      : options(std::move(ingress_options)),
        clients(ingress_clients),
        clock(ingress_clock),
        tls(tls_context),
        budget(options.body_budget, options.limits.message_size),
        rate(options.connections_per_minute),
        roomy(clock, kRoomyAccounts) {}

  static constexpr size_t kRoomyAccounts = 50000;

  const IngressOptions options;
  clients::Clients& clients;
  const Clock& clock;
  const net::TlsServerContext* tls;  // nullptr: no certificate
  BodyBudget budget;
  ConnectRate rate;
  StoreRoom room;
  RefusalBudget refusals;
  ExpiringCache<int64_t> roomy;  // by account: the quota under which it had plenty of room
  std::atomic<uint32_t> sessions{0};
};

// Where a recipient's mail goes.
struct Target {
  int64_t account_id = 0;  // 0: remote
  std::string address;
  int64_t quota_bytes = 0;
};

struct SessionContext {
  explicit SessionContext(Platform& shared) : platform(shared), lease(shared.budget) {}

  Platform& platform;
  const smtp::SessionInfo* info = nullptr;
  net::Peer peer;
  std::string client_ip;
  std::string session_id;
  std::string tls;                // protocol and cipher
  bool recipients_judged = true;  // by filter

  int64_t account_id = 0;  // of who logged in
  std::string account_address;

  // The message under way, from MAIL on. `targets` is parallel to the recipients of the envelope.
  std::string mail_id;
  std::vector<std::vector<Target>> targets;
  std::string body;
  BodyLease lease;

  // What was refused, for the history: sent when the session ends.
  std::vector<history::v1::Event> refused;
};

}  // namespace pennypost::ingress
