#include "services/web/app.h"

#include "config/config.h"
#include "services/web/router.h"

namespace pennypost::web {
namespace {

absl::StatusOr<WebOptions> OptionsFrom(const config::v1::PlatformConfig& platform) {
  const auto& config = platform.web();
  WebOptions options;
  options.servers.host =
      config.public_host().empty() ? platform.common().hostname() : config.public_host();
  for (uint32_t port :
       {config.public_imaps_port(), config.public_submissions_port(), config.public_pop3s_port()}) {
    if (port == 0 || port > 65535) return SyntaxError("web.public_*_port must be from 1 to 65535");
  }
  options.servers.imaps_port = static_cast<int>(config.public_imaps_port());
  options.servers.submissions_port = static_cast<int>(config.public_submissions_port());
  options.servers.pop3s_port = static_cast<int>(config.public_pop3s_port());
  options.mta_sts_mode = config.mta_sts_mode();
  if (options.mta_sts_mode != "none" && options.mta_sts_mode != "testing" &&
      options.mta_sts_mode != "enforce") {
    return SyntaxError("web.mta_sts_mode must be none, testing or enforce");
  }
  options.mta_sts_max_age_seconds = config.mta_sts_max_age_seconds();
  // Nobody from outside unless the configuration says so.
  std::vector<std::string> networks(config.status_networks().begin(),
                                    config.status_networks().end());
  if (networks.empty()) networks = {"127.0.0.0/8", "::1/128"};
  ASSIGN_OR_RETURN(options.status_networks, net::ParseCidrs(networks));
  return options;
}

class App : public runtime::Component {
 public:
  App(runtime::Environment& environment, WebOptions options)
      : address_(environment.config.web().http()),
        router_(std::move(options), environment.clients),
        listener_(environment.io, {.max_connections = 5000, .max_per_address = 200, .refusal = ""},
                  [this](std::shared_ptr<net::Stream> stream, net::Peer peer,
                         const net::DrainSignal& drain) {
                    http::Handler handler = [this](http::Request request) {
                      return router_.Answer(std::move(request));
                    };
                    return http::Serve(std::move(stream), peer, drain, std::move(handler), {});
                  }) {}

  std::string_view name() const override { return "web"; }
  absl::Status Start() override {
    return config::IsOff(address_) ? absl::OkStatus() : listener_.Start(address_);
  }
  void BeginDrain() override {
    if (!config::IsOff(address_)) listener_.BeginDrain();
  }
  void FinishDrain(absl::Duration at_most) override { listener_.FinishDrain(at_most); }

 private:
  const std::string address_;
  Router router_;
  net::Listener listener_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment) {
  ASSIGN_OR_RETURN(WebOptions options, OptionsFrom(environment.config));
  std::unique_ptr<runtime::Component> app = std::make_unique<App>(environment, std::move(options));
  return app;
}

}  // namespace pennypost::web
