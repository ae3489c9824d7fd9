#include "services/mailbox/scripts/script_runner.h"

#include <absl/time/clock.h>
#include <fmt/format.h>

#include "base/text.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "sieve/run.h"

namespace pennypost::mailbox {
namespace {

// ROBUSTNESS F3: over its budget this often, a script runs no more until its owner activates it.
constexpr int kMaxOverBudget = 3;

prometheus::Counter& RunCounter(std::string_view outcome) {
  return metrics::Counter("pennypost_mailbox_scripts_total", "Sieve scripts run at delivery",
                          {{"outcome", std::string(outcome)}});
}

// The content as the script left it, for this recipient alone.
std::shared_ptr<const ScriptOutcome::Changed> Changed(const sieve::Message& message,
                                                      const Delivery& delivery,
                                                      int64_t account_id) {
  auto changed = std::make_shared<ScriptOutcome::Changed>();
  changed->content = message.bytes();
  changed->email = PrepareEmail(changed->content, delivery.mail_id);
  changed->blob_id = UuidV5(delivery.mail_id, fmt::format("{}/content", account_id));
  return changed;
}

std::string DomainOf(const std::string& address) {
  return ToLower(address.substr(address.rfind('@') + 1));
}

bool KeepsMail(const sieve::Result& result) {
  if (result.implicit_keep) return true;
  for (const sieve::Action& action : result.actions) {
    if (std::holds_alternative<sieve::Keep>(action)) return true;
  }
  return false;
}

}  // namespace

bool ScriptRunner::Knows(Delivery* delivery) const {
  std::shared_ptr<const CompiledDomains> domains = cache_.Domains();
  delivery->domain_generation = domains->generation;
  for (const Delivery::Recipient& recipient : delivery->recipients) {
    if (cache_.Knows(recipient.account_id)) return true;
    if (!domains->domains.empty() && domains->domains.contains(DomainOf(recipient.address)))
      return true;
  }
  return false;
}

absl::Status ScriptRunner::Run(const v1::DeliverRequest& request, Scripts which,
                               Delivery* delivery) {
  Domains domains = cache_.Domains();
  if (which == Scripts::kFromStore) {
    ASSIGN_OR_RETURN(domains, cache_.LoadDomains());
  }
  delivery->domain_generation = domains->generation;
  for (Delivery::Recipient& recipient : delivery->recipients) {
    CompiledScript own;
    if (which == Scripts::kAsKnown) {
      own = cache_.Find(recipient.account_id).value_or(CompiledScript{});
    } else {
      ASSIGN_OR_RETURN(own, cache_.Load(recipient.account_id));
    }
    recipient.script.reset();
    RETURN_IF_ERROR(RunOne(request, own, domains, delivery, &recipient));
  }
  return absl::OkStatus();
}

bool ScriptRunner::SwitchOff(const Delivery::Recipient& recipient, const CompiledScript& own) {
  if (cache_.NoteOverBudget(recipient.account_id, own.generation) != kMaxOverBudget) return false;
  auto active = store_.GetActiveScript(recipient.account_id);
  // The owner may have changed it just now.
  if (!active.ok() || active->generation != own.generation) return false;
  v1::SetActiveScriptRequest off;
  off.set_account_id(recipient.account_id);
  absl::Status status = store_.SetActiveScript(off);
  log::Warning("mailbox.script.off", {{"account", recipient.account_id},
                                      {"script", own.name},
                                      {"error", status.ok() ? "" : Describe(status)}});
  return status.ok();
}

std::vector<ScriptRunner::Step> ScriptRunner::StepsFor(const CompiledScript& own,
                                                       const std::string& domain,
                                                       const Domains& domains) {
  std::vector<Step> steps;
  if (const DomainScript* before = domains->Find(domain, "before"))
    steps.push_back({"before of " + domain, before->script});
  if (own.generation != 0) steps.push_back({own.name, own.script});
  if (const DomainScript* after = domains->Find(domain, "after"))
    steps.push_back({"after of " + domain, after->script});
  return steps;
}

absl::Status ScriptRunner::RunOne(const v1::DeliverRequest& request, const CompiledScript& own,
                                  const Domains& domains, Delivery* delivery,
                                  Delivery::Recipient* recipient) {
  std::string domain = DomainOf(recipient->address);
  std::vector<Step> steps = StepsFor(own, domain, domains);
  if (steps.empty()) return absl::OkStatus();
  absl::Time now = absl::Now();
  DeliveryHost host(store_, {recipient->account_id, hostname_, request.origin().client_ip(), now,
                             domain, domains});
  sieve::Message message(request.content());
  sieve::Envelope envelope{delivery->sender, recipient->address, recipient->address};
  ScriptOutcome outcome;
  outcome.generation = own.generation;
  ScriptedDelivery mail{*delivery, *recipient, request.content(),
                        hostname_, now,        request.envelope().smtputf8()};
  ActionWriter writer(mail, host, resolve_, &outcome);
  std::optional<std::string> unenclosed;  // what goes out does so as it was (RFC 5703 6)
  for (size_t i = 0; i < steps.size(); ++i) {
    sieve::Result result = sieve::Execute(*steps[i].script, message, envelope, host);
    RETURN_IF_ERROR(host.status());
    if (result.before_enclose && !unenclosed) unenclosed = std::move(result.before_enclose);
    mail.content = unenclosed ? *unenclosed : message.bytes();
    RunCounter(result.error ? "failed" : "ok").Increment();
    if (result.error) {
      std::string words = result.error->ToString();
      writer.AddEvent(fmt::format("script '{}' failed: {}; kept", steps[i].name, words));
      log::Info("mailbox.script.failed", {{"mail_id", delivery->mail_id.ToString()},
                                          {"account", recipient->account_id},
                                          {"script", steps[i].name},
                                          {"error", words}});
      if (result.over_budget && steps[i].script == own.script && SwitchOff(*recipient, own)) {
        writer.AddEvent(fmt::format("script '{}' is switched off", own.name));
        outcome.generation = 0;  // what the account has from here on
      }
    }
    // What a script does not keep is none of the next one's business.
    bool last = i + 1 == steps.size() || !KeepsMail(result);
    RETURN_IF_ERROR(
        writer.Write(result, last ? ActionWriter::Keeps::kNow : ActionWriter::Keeps::kByTheNext));
    if (last) break;
  }
  if (message.bytes() != request.content())
    outcome.changed = Changed(message, *delivery, recipient->account_id);
  recipient->script = std::move(outcome);
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
