#include "services/resolver/app.h"

#include <cstring>

#include "base/id.h"
#include "services/resolver/core/unbound_client.h"
#include "services/resolver/resolver_service.h"

namespace pennypost::resolver {
namespace {

UnboundOptions OptionsOf(const config::v1::ResolverConfig& config) {
  UnboundOptions options;
  options.upstream.assign(config.upstream().begin(), config.upstream().end());
  options.recursive = config.recursive();
  options.trust_anchor_file = config.trust_anchor_file();
  // Debian's dns-root-data; without upstream servers nobody else validates for us.
  if (config.recursive() && !config.has_trust_anchor_file())
    options.trust_anchor_file = "/usr/share/dns/root.ds";
  options.cache_bytes = config.cache_bytes();
  options.timeout = absl::Milliseconds(config.timeout_ms());
  for (const auto& stub : config.stubs()) options.stubs.push_back({stub.zone(), stub.server()});
  return options;
}

uint32_t RandomSeed() {
  uint32_t seed = 0;
  std::memcpy(&seed, RandomBytes(sizeof seed).data(), sizeof seed);
  return seed;
}

class App final : public runtime::Component {
 public:
  explicit App(std::unique_ptr<UnboundClient> dns)
      : dns_(std::move(dns)), service_(*dns_, RandomSeed()) {}

  std::string_view name() const override { return "resolver"; }
  absl::Status Start() override { return absl::OkStatus(); }
  ResolverService& service() { return service_; }

 private:
  std::unique_ptr<UnboundClient> dns_;
  ResolverService service_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment) {
  ASSIGN_OR_RETURN(std::unique_ptr<UnboundClient> dns,
                   UnboundClient::Create(OptionsOf(environment.config.resolver())));
  auto app = std::make_unique<App>(std::move(dns));
  environment.rpc_server.Add(&app->service());
  environment.clients.resolver = &app->service();
  return app;
}

}  // namespace pennypost::resolver
