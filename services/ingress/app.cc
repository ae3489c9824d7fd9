#include "services/ingress/app.h"

#include "config/config.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "services/ingress/connection.h"

namespace pennypost::ingress {
namespace {

constexpr uint64_t kMostMessageBytes = 64ull << 20;  // a message travels whole between services
constexpr uint32_t kMostRecipients = 100'000;

// Checks what the schema cannot say.
absl::StatusOr<IngressOptions> OptionsFrom(const config::v1::PlatformConfig& platform) {
  const config::v1::IngressConfig& config = platform.ingress();
  IngressOptions options;
  options.hostname = platform.common().hostname();
  if (config.max_message_bytes() == 0 || config.max_message_bytes() > kMostMessageBytes) {
    return SyntaxError("ingress.max_message_bytes must be 1 to 67108864");
  }
  if (config.max_recipients() == 0 || config.max_recipients() > kMostRecipients) {
    return SyntaxError("ingress.max_recipients must be 1 to 100000");
  }
  if (config.max_errors() == 0 || config.max_errors() > 1000) {
    return SyntaxError("ingress.max_errors must be 1 to 1000");
  }
  if (config.body_budget_bytes() < config.max_message_bytes()) {
    return SyntaxError("ingress.body_budget_bytes must hold one message of max_message_bytes");
  }
  if (config.max_connections() == 0 || config.max_connections_per_address() == 0) {
    return SyntaxError("ingress.max_connections and max_connections_per_address must not be 0");
  }
  if (config.command_timeout_seconds() == 0 || config.data_timeout_seconds() == 0) {
    return SyntaxError("ingress.command_timeout_seconds and data_timeout_seconds must not be 0");
  }
  if (config.filter_unavailable() != "accept" && config.filter_unavailable() != "defer") {
    return SyntaxError("ingress.filter_unavailable must be accept or defer");
  }
  options.limits.message_size = config.max_message_bytes();
  options.limits.recipients = config.max_recipients();
  options.limits.recipients_tried = 2 * size_t{config.max_recipients()};
  options.limits.errors = static_cast<int>(config.max_errors());
  options.max_hops = config.max_hops();
  // The limit of filter, held here as well while filter is away: one setting, one switch for both.
  const config::v1::FilterConfig& limits = platform.filter();
  options.connections_per_minute =
      limits.rate_limits() ? limits.connections_per_minute() : UINT32_MAX;
  options.max_connections = config.max_connections();
  options.body_budget = config.body_budget_bytes();
  options.command_timeout = absl::Seconds(config.command_timeout_seconds());
  options.data_timeout = absl::Seconds(config.data_timeout_seconds());
  options.defer_without_filter = config.filter_unavailable() == "defer";
  std::vector<std::string> networks(config.proxy_networks().begin(), config.proxy_networks().end());
  ASSIGN_OR_RETURN(options.proxy_networks, net::ParseCidrs(networks));
  return options;
}

class App : public runtime::Component {
 public:
  App(runtime::Environment& environment, IngressOptions options)
      : environment_(environment),
        platform_(std::move(options), environment.clients, SystemClock(), environment.tls) {}

  std::string_view name() const override { return "ingress"; }

  absl::Status Start() override {
    const clients::Clients& clients = environment_.clients;
    if (clients.directory == nullptr || clients.mailbox == nullptr || clients.relay == nullptr) {
      return SyntaxError("ingress needs common.rpc.endpoints of directory, mailbox and relay");
    }
    if (clients.filter == nullptr) log::Warning("ingress.no_filter", {});
    const config::v1::IngressConfig& config = environment_.config.ingress();
    RETURN_IF_ERROR(Listen(config.smtp(), ListenerKind::kSmtp));
    RETURN_IF_ERROR(Listen(config.submission(), ListenerKind::kSubmission));
    RETURN_IF_ERROR(Listen(config.submissions(), ListenerKind::kSubmissions));
    return Listen(config.lmtp(), ListenerKind::kLmtp);
  }

  void BeginDrain() override {
    for (auto& listener : listeners_) listener->BeginDrain();
  }

  void FinishDrain(absl::Duration at_most) override {
    absl::Time deadline = absl::Now() + at_most;
    for (auto& listener : listeners_) {
      listener->FinishDrain(std::max(deadline - absl::Now(), absl::ZeroDuration()));
    }
  }

 private:
  absl::Status Listen(const std::string& address, ListenerKind kind) {
    if (config::IsOff(address)) return absl::OkStatus();
    if (kind == ListenerKind::kSubmissions && platform_.tls == nullptr) {
      log::Warning("ingress.no_certificate", {{"listener", "submissions"}, {"address", address}});
      return absl::OkStatus();
    }
    net::ListenerLimits limits;
    limits.max_connections = environment_.config.ingress().max_connections();
    limits.max_per_address = environment_.config.ingress().max_connections_per_address();
    limits.refusal = "421 4.7.0 too many connections, try again later\r\n";
    auto run = [this, kind](std::shared_ptr<net::Stream> stream, net::Peer peer,
                            const net::DrainSignal&) {
      return RunConnection(std::move(stream), peer, kind, platform_);
    };
    auto listener = std::make_unique<net::Listener>(environment_.io, limits, run);
    RETURN_IF_ERROR(listener->Start(address));
    log::Info("ingress.listening", {{"address", address}});
    listeners_.push_back(std::move(listener));
    return absl::OkStatus();
  }

  runtime::Environment& environment_;
  Platform platform_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment) {
  ASSIGN_OR_RETURN(IngressOptions options, OptionsFrom(environment.config));
  std::unique_ptr<runtime::Component> app = std::make_unique<App>(environment, std::move(options));
  return app;
}

}  // namespace pennypost::ingress
