#include "services/filter/app.h"

#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "redis/client.h"
#include "services/filter/filter_service.h"
#include "services/filter/resolver_dns.h"

namespace pennypost::filter {
namespace {

std::vector<Rule> RulesOf(const config::v1::FilterConfig& config) {
  std::vector<Rule> rules;
  for (const auto& rule : config.rules()) {
    Rule out{rule.name(),
             rule.peer(),
             rule.helo(),
             rule.sender_domain(),
             rule.recipient_domain(),
             rule.header(),
             rule.auth_result(),
             {},
             rule.action(),
             rule.text()};
    if (rule.has_larger_than()) out.larger_than = rule.larger_than();
    rules.push_back(std::move(out));
  }
  return rules;
}

absl::StatusOr<Action> ActionOf(const std::string& key, const std::string& name) {
  std::optional<Action> action = ParseAction(name);
  // What a domain asks for its own failing mail is no reason to lose mail, nor to ask for it again.
  if (!action || *action == Action::kDiscard || *action == Action::kDefer)
    return SyntaxError("filter." + key + ": reject, quarantine, tag or allow, not '" + name + "'");
  return *action;
}

absl::StatusOr<JudgeOptions> OptionsOf(const config::v1::FilterConfig& config) {
  JudgeOptions options;
  options.checks = {config.check_spf(), config.check_dkim(), config.check_arc(),
                    config.check_dmarc(), config.check_iprev()};
  ASSIGN_OR_RETURN(options.dmarc_reject, ActionOf("dmarc_reject", config.dmarc_reject()));
  ASSIGN_OR_RETURN(options.dmarc_quarantine,
                   ActionOf("dmarc_quarantine", config.dmarc_quarantine()));
  for (const std::string& sealer : config.trusted_arc_sealers()) {
    if (!mailauth::IsQualifiedName(mailauth::CanonicalName(sealer)))
      return SyntaxError("filter.trusted_arc_sealers: '" + sealer + "' is no domain");
    options.trusted_sealers.push_back(mailauth::CanonicalName(sealer));
  }
  options.refuse_null_mx = config.refuse_null_mx();
  options.greylisting = config.greylisting();
  std::vector<std::string> trusted(config.trusted_networks().begin(),
                                   config.trusted_networks().end());
  ASSIGN_OR_RETURN(options.trusted_networks, net::ParseCidrs(trusted));
  if (!config.rate_limits()) return options;
  if (config.connections_per_minute() == 0 || config.messages_per_minute() == 0) {
    return SyntaxError("filter: a limit of 0 refuses everybody; use rate_limits: false for none");
  }
  options.connections_per_minute = config.connections_per_minute();
  options.messages_per_minute = config.messages_per_minute();
  return options;
}

absl::StatusOr<GreylistOptions> GreylistOf(const config::v1::FilterConfig& config) {
  GreylistOptions options;
  options.delay = absl::Seconds(config.greylist_delay_seconds());
  options.retry = absl::Seconds(config.greylist_retry_seconds());
  options.allow_after = config.greylist_allow_after();
  if (options.delay >= options.retry)
    return SyntaxError("filter: greylist_retry_seconds must be more than greylist_delay_seconds");
  return options;
}

class App final : public runtime::Component {
 public:
  App(runtime::Environment& environment, JudgeOptions options, GreylistOptions greylist,
      Policy policy)
      : redis_(environment.io, environment.config.common().redis().address(),
               environment.config.common().redis().password()),
        limiter_(redis_, SystemClock()),
        greylist_(redis_, SystemClock(), greylist),
        dns_(environment.clients.resolver, SystemClock()),
        judge_(std::move(options), std::move(policy), limiter_, greylist_, dns_, SystemClock()),
        service_(environment.io.get_executor(), judge_) {}

  std::string_view name() const override { return "filter"; }
  absl::Status Start() override { return absl::OkStatus(); }
  FilterService& service() { return service_; }

 private:
  redis::Client redis_;
  RateLimiter limiter_;
  Greylist greylist_;
  ResolverDns dns_;
  Judge judge_;
  FilterService service_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment) {
  const auto& config = environment.config.filter();
  ASSIGN_OR_RETURN(JudgeOptions options, OptionsOf(config));
  ASSIGN_OR_RETURN(GreylistOptions greylist, GreylistOf(config));
  ASSIGN_OR_RETURN(Policy policy, Policy::Create(RulesOf(config)));
  auto app = std::make_unique<App>(environment, std::move(options), greylist, std::move(policy));
  environment.rpc_server.Add(&app->service());
  environment.clients.filter = &app->service();
  return app;
}

}  // namespace pennypost::filter
