#include "services/relay/app.h"

#include <boost/asio/io_context.hpp>

#include "log/log.h"
#include "relay_sql.h"
#include "services/relay/core/dispatcher.h"
#include "services/relay/core/smtp_transport.h"
#include "services/relay/directory_client.h"
#include "services/relay/hints.h"
#include "services/relay/local_transport.h"
#include "services/relay/relay_service.h"
#include "services/relay/resolver_hosts.h"
#include "services/relay/store/pg_store.h"

namespace pennypost::relay {
namespace {

constexpr size_t kQueueOfPool = 2000;
constexpr uint32_t kLeastLeaseSeconds = 10;

absl::StatusOr<RouteTable> RoutesOf(const config::v1::RelayConfig& config) {
  std::vector<RouteRow> rows;
  for (const auto& route : config.routes()) {
    rows.push_back({route.domain(), route.kind(), route.host(), route.tls(), route.user(),
                    route.password(), route.reason()});
  }
  if (config.smtp_port() == 0 || config.smtp_port() > 65535)
    return SyntaxError("relay.smtp_port must be a port");
  return RouteTable::Create(rows, config.default_route(),
                            static_cast<uint16_t>(config.smtp_port()));
}

absl::StatusOr<DispatcherOptions> OptionsOf(const config::v1::RelayConfig& config,
                                            const std::string& hostname) {
  if (config.max_deliveries() == 0 || config.max_per_destination() == 0) {
    return SyntaxError("relay.max_deliveries and max_per_destination must be 1 at least");
  }
  if (config.lease_seconds() < kLeastLeaseSeconds)
    return SyntaxError("relay.lease_seconds must be 10 at least");
  if (config.lifetime_seconds() == 0)
    return SyntaxError("relay.lifetime_seconds must be 1 at least");
  DispatcherOptions options;
  options.owner = hostname + "/" + NewUuidV7(SystemClock().Now()).ToString();
  options.max_deliveries = static_cast<int>(config.max_deliveries());
  options.max_per_route = static_cast<int>(config.max_per_destination());
  options.lease = absl::Seconds(config.lease_seconds());
  options.retry = DefaultRetryPolicy();
  if (!config.retry_seconds().empty()) options.retry.waits.clear();
  for (uint32_t seconds : config.retry_seconds())
    options.retry.waits.push_back(absl::Seconds(seconds));
  options.retry.lifetime = absl::Seconds(config.lifetime_seconds());
  options.retry.delay_warning = absl::Seconds(config.delay_warning_seconds());
  options.retry.hostname = hostname;
  return options;
}

// The ways out: into our mailboxes, or along the route of a domain.
class Transports final : public TransportFactory {
 public:
  Transports(clients::Clients& clients, RouteTable routes,
             std::unique_ptr<net::TlsClientContext> tls, SmtpTransportOptions options)
      : clients_(clients),
        hosts_(clients.resolver),
        routes_(std::move(routes)),
        tls_(std::move(tls)),
        options_(std::move(options)) {}

  std::unique_ptr<Transport> Local() override {
    return std::make_unique<LocalTransport>(clients_.mailbox);
  }
  std::unique_ptr<Transport> Remote(const std::string& domain) override {
    return std::make_unique<SmtpTransport>(domain, routes_.For(domain), hosts_, *tls_, options_);
  }

 private:
  clients::Clients& clients_;
  ResolverHosts hosts_;
  const RouteTable routes_;
  std::unique_ptr<net::TlsClientContext> tls_;
  const SmtpTransportOptions options_;
};

struct Parts {
  RouteTable routes;
  DispatcherOptions dispatcher;
  std::unique_ptr<net::TlsClientContext> tls;
  SmtpTransportOptions smtp;
};

class App final : public runtime::Component {
 public:
  App(runtime::Environment& environment, Parts parts)
      : dsn_(environment.config.common().postgres().dsn()),
        // Calls and the worker have threads of their own, so that neither waits for the other.
        threads_(std::max<size_t>(environment.config.common().postgres().pool_size() / 2, 1)),
        store_(dsn_, 2 * threads_),
        transports_(environment.clients, std::move(parts.routes), std::move(parts.tls),
                    std::move(parts.smtp)),
        recipients_(environment.clients.directory),
        worker_pool_(threads_, kQueueOfPool),
        signer_(environment.clients.directory, worker_pool_, SystemClock()),
        dispatcher_(environment.io.get_executor(),
                    {store_, worker_pool_, transports_, recipients_, signer_, SystemClock()},
                    std::move(parts.dispatcher)),
        hints_(environment.io, environment.config.common().redis().address(),
               environment.config.common().redis().password(), [this] { dispatcher_.Wake(); }),
        call_pool_(threads_, kQueueOfPool),
        service_(
            store_, call_pool_, SystemClock(), [this] { OnDue(); }, environment.clients.directory) {
    environment.clients.relay = &service_;
    environment.rpc_server.Add(&service_);
  }

  std::string_view name() const override { return "relay"; }
  absl::Status Ready() override { return store_.Health(); }

  absl::Status AfterRestore() override {
    RETURN_IF_ERROR(Migrate());
    return store_.HoldAll("from a restored backup: it may have been sent before");
  }
  absl::Status Start() override {
    RETURN_IF_ERROR(Migrate());
    hints_.Start();
    dispatcher_.Start();
    return absl::OkStatus();
  }
  void BeginDrain() override {
    hints_.Stop();
    dispatcher_.BeginDrain();
  }
  void FinishDrain(absl::Duration at_most) override { dispatcher_.FinishDrain(at_most); }

 private:
  absl::Status Migrate() {
    ASSIGN_OR_RETURN(std::unique_ptr<pg::Connection> connection, pg::Connection::Open(dsn_));
    ASSIGN_OR_RETURN(int applied, pg::Migrate(*connection, "relay", sql::Migrations()));
    if (applied > 0) log::Info("relay.migrated", {{"steps", applied}});
    return absl::OkStatus();
  }
  void OnDue() {
    dispatcher_.Wake();
    hints_.Push();
  }

  const std::string dsn_;
  const size_t threads_;
  PgStore store_;
  Transports transports_;
  DirectoryResolver recipients_;
  rpc::WorkerPool worker_pool_;
  DirectorySigner signer_;
  Dispatcher dispatcher_;
  Hints hints_;
  rpc::WorkerPool call_pool_;
  RelayService service_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment) {
  const auto& common = environment.config.common();
  const auto& config = environment.config.relay();
  if (common.postgres().dsn().empty()) return SyntaxError("common.postgres.dsn is needed by relay");
  ASSIGN_OR_RETURN(RouteTable routes, RoutesOf(config));
  ASSIGN_OR_RETURN(DispatcherOptions dispatcher, OptionsOf(config, common.hostname()));
  ASSIGN_OR_RETURN(std::unique_ptr<net::TlsClientContext> tls,
                   net::TlsClientContext::Create(config.ca_file()));
  SmtpTransportOptions smtp;
  smtp.hostname = common.hostname();
  smtp.allow_private = config.allow_private_addresses();
  Parts parts{std::move(routes), std::move(dispatcher), std::move(tls), std::move(smtp)};
  std::unique_ptr<runtime::Component> app = std::make_unique<App>(environment, std::move(parts));
  return app;
}

}  // namespace pennypost::relay
