#include "services/access/app.h"

#include <absl/time/clock.h>
#include <boost/asio/io_context.hpp>

#include "config/config.h"
#include "log/log.h"
#include "services/access/imap/connection.h"
#include "services/access/managesieve/connection.h"
#include "services/access/pop3/connection.h"

namespace pennypost::access {
namespace {

// The context of one listening socket.
enum class Tls { kStartTls, kImplicit };

// Coroutines by name: a lambda of a coroutine would keep its captures in a dead object.
net::Awaitable<void> ServeImap(clients::Clients& clients, const ConnectionOptions& options,
                               std::shared_ptr<net::Stream> stream, net::Peer peer,
                               const net::DrainSignal& drain) {
  ImapConnection connection(clients, options, std::move(stream), std::move(peer), drain);
  co_await connection.Run();
}

net::Awaitable<void> ServePop3(clients::Clients& clients, const Pop3Options& options,
                               std::shared_ptr<net::Stream> stream, net::Peer peer,
                               const net::DrainSignal& drain) {
  Pop3Connection connection(clients, options, std::move(stream), std::move(peer), drain);
  co_await connection.Run();
}

net::Awaitable<void> ServeManageSieve(clients::Clients& clients, const ManageSieveOptions& options,
                                      std::shared_ptr<net::Stream> stream, net::Peer peer,
                                      const net::DrainSignal& drain) {
  ManageSieveConnection connection(clients, options, std::move(stream), std::move(peer), drain);
  co_await connection.Run();
}

// What Create has checked. The certificate once a protocol: each has its ALPN id (RFC 7301, T7).
struct Parts {
  std::unique_ptr<net::TlsServerContext> imap_tls;
  std::unique_ptr<net::TlsServerContext> pop3_tls;
  std::unique_ptr<net::TlsServerContext> sieve_tls;
  std::vector<net::Cidr> proxy_networks;
};

class App : public runtime::Component {
 public:
  App(runtime::Environment& environment, Parts parts)
      : environment_(environment),
        parts_(std::move(parts)),
        views_(environment.config.access().view_cache_bytes(),
               environment.config.access().open_mailboxes_bytes()),
        bodies_(environment.config.access().body_budget_bytes(),
                environment.config.access().max_append_bytes()),
        users_(environment.config.access().max_connections_per_user()),
        sieve_users_(environment.config.access().max_connections_per_user()) {
    const auto& config = environment.config.access();
    SetImap(imap_, Tls::kStartTls);
    SetImap(imaps_, Tls::kImplicit);
    SetPop3(pop3_, Tls::kStartTls);
    SetPop3(pop3s_, Tls::kImplicit);
    AddImap(config.imap(), imap_);
    AddImap(config.imaps(), imaps_);
    AddPop3(config.pop3(), pop3_);
    AddPop3(config.pop3s(), pop3s_);
    SetSieve(sieve_);
    AddSieve(config.sieve(), sieve_);
  }

  std::string_view name() const override { return "access"; }

  absl::Status Start() override {
    for (auto& [address, listener] : listeners_) {
      RETURN_IF_ERROR(listener->Start(address));
      log::Info("access.listening", {{"address", address}, {"port", int{listener->port()}}});
    }
    return absl::OkStatus();
  }

  void BeginDrain() override {
    // Sessions here stay for days: their clients come back over the first half of the time there
    // is.
    absl::Duration over = absl::Seconds(environment_.config.common().drain_seconds()) / 2;
    for (auto& [address, listener] : listeners_) listener->BeginDrain(over);
  }

  void FinishDrain(absl::Duration at_most) override {
    absl::Time deadline = absl::Now() + at_most;
    for (auto& [address, listener] : listeners_) {
      listener->FinishDrain(std::max(deadline - absl::Now(), absl::ZeroDuration()));
    }
  }

 private:
  LinkOptions Link(const net::TlsServerContext* context, Tls tls) const {
    return {context, tls == Tls::kImplicit, parts_.proxy_networks};
  }

  void SetImap(ConnectionOptions& options, Tls tls) {
    const auto& config = environment_.config.access();
    options.host = environment_.config.common().hostname();
    options.link = Link(parts_.imap_tls.get(), tls);
    options.views = &views_;
    options.bodies = &bodies_;
    options.users = &users_;
    options.max_message = config.max_append_bytes();
    options.login_timeout = absl::Seconds(config.login_timeout_seconds());
    options.idle_timeout = absl::Seconds(config.idle_timeout_seconds());
  }

  void SetPop3(Pop3Options& options, Tls tls) const {
    const auto& config = environment_.config.access();
    options.host = environment_.config.common().hostname();
    options.link = Link(parts_.pop3_tls.get(), tls);
    options.login_timeout = absl::Seconds(config.login_timeout_seconds());
  }

  void SetSieve(ManageSieveOptions& options) {
    const auto& config = environment_.config.access();
    options.link = Link(parts_.sieve_tls.get(), Tls::kStartTls);
    options.users = &sieve_users_;
    options.login_timeout = absl::Seconds(config.login_timeout_seconds());
    options.idle_timeout = absl::Seconds(config.idle_timeout_seconds());
  }

  net::ListenerLimits LimitsWith(std::string refusal) const {
    const auto& config = environment_.config.access();
    return {config.max_connections(), config.max_connections_per_address(), std::move(refusal)};
  }

  void AddImap(const std::string& address, const ConnectionOptions& options) {
    if (config::IsOff(address) || (options.link.implicit_tls && !options.link.tls)) return;
    clients::Clients* clients = &environment_.clients;
    const ConnectionOptions* shared = &options;
    auto handler = [clients, shared](std::shared_ptr<net::Stream> stream, net::Peer peer,
                                     const net::DrainSignal& drain) {
      return ServeImap(*clients, *shared, std::move(stream), std::move(peer), drain);
    };
    auto limits =
        LimitsWith(options.link.implicit_tls ? "" : "* BYE [UNAVAILABLE] Too many connections\r\n");
    listeners_.emplace_back(address,
                            std::make_unique<net::Listener>(environment_.io, limits, handler));
  }

  void AddPop3(const std::string& address, const Pop3Options& options) {
    if (config::IsOff(address) || (options.link.implicit_tls && !options.link.tls)) return;
    clients::Clients* clients = &environment_.clients;
    const Pop3Options* shared = &options;
    auto handler = [clients, shared](std::shared_ptr<net::Stream> stream, net::Peer peer,
                                     const net::DrainSignal& drain) {
      return ServePop3(*clients, *shared, std::move(stream), std::move(peer), drain);
    };
    auto limits =
        LimitsWith(options.link.implicit_tls ? "" : "-ERR [SYS/TEMP] Too many connections\r\n");
    listeners_.emplace_back(address,
                            std::make_unique<net::Listener>(environment_.io, limits, handler));
  }

  void AddSieve(const std::string& address, const ManageSieveOptions& options) {
    if (config::IsOff(address)) return;
    clients::Clients* clients = &environment_.clients;
    const ManageSieveOptions* shared = &options;
    auto handler = [clients, shared](std::shared_ptr<net::Stream> stream, net::Peer peer,
                                     const net::DrainSignal& drain) {
      return ServeManageSieve(*clients, *shared, std::move(stream), std::move(peer), drain);
    };
    auto limits = LimitsWith("BYE (TRYLATER) \"Too many connections\"\r\n");
    listeners_.emplace_back(address,
                            std::make_unique<net::Listener>(environment_.io, limits, handler));
  }

  runtime::Environment& environment_;
  const Parts parts_;
  ViewCache views_;
  BodyBudget bodies_;
  UserConnections users_;
  UserConnections sieve_users_;
  ConnectionOptions imap_, imaps_;
  Pop3Options pop3_, pop3s_;
  ManageSieveOptions sieve_;
  std::vector<std::pair<std::string, std::unique_ptr<net::Listener>>> listeners_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment) {
  const auto& config = environment.config.access();
  // RFC 9051 5.4: less would break clients that follow the standard.
  if (config.idle_timeout_seconds() < 1800)
    return SyntaxError("access.idle_timeout_seconds must be 1800 at least");
  if (config.login_timeout_seconds() == 0)
    return SyntaxError("access.login_timeout_seconds must not be 0");
  constexpr uint64_t kMostAppend = 64 << 20;
  if (config.max_append_bytes() == 0 || config.max_append_bytes() > kMostAppend) {
    return SyntaxError("access.max_append_bytes must be 1 to 67108864");
  }
  if (config.body_budget_bytes() < config.max_append_bytes()) {
    return SyntaxError("access.body_budget_bytes must hold one message of max_append_bytes");
  }
  if (config.max_connections_per_user() == 0)
    return SyntaxError("access.max_connections_per_user must not be 0");
  Parts parts;
  std::vector<std::string> networks(config.proxy_networks().begin(), config.proxy_networks().end());
  ASSIGN_OR_RETURN(parts.proxy_networks, net::ParseCidrs(networks));
  if (environment.tls != nullptr) {
    const auto& files = environment.config.common().tls();
    ASSIGN_OR_RETURN(parts.imap_tls, net::TlsServerContext::Create(files.certificate_file(),
                                                                   files.key_file(), "imap"));
    ASSIGN_OR_RETURN(parts.pop3_tls, net::TlsServerContext::Create(files.certificate_file(),
                                                                   files.key_file(), "pop3"));
    ASSIGN_OR_RETURN(
        parts.sieve_tls,
        net::TlsServerContext::Create(files.certificate_file(), files.key_file(), "managesieve"));
  }
  std::unique_ptr<runtime::Component> app = std::make_unique<App>(environment, std::move(parts));
  return app;
}

}  // namespace pennypost::access
