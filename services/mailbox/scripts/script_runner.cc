#include "services/mailbox/scripts/script_runner.h"

#include <absl/time/clock.h>
#include <fmt/format.h>

#include "log/log.h"
#include "metrics/metrics.h"
#include "sieve/run.h"

namespace pennypost::mailbox {
namespace {

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

}  // namespace

bool ScriptRunner::Knows(const Delivery& delivery) const {
  for (const Delivery::Recipient& recipient : delivery.recipients) {
    if (cache_.Knows(recipient.account_id)) return true;
  }
  return false;
}

absl::Status ScriptRunner::Run(const v1::DeliverRequest& request, Scripts which,
                               Delivery* delivery) {
  for (Delivery::Recipient& recipient : delivery->recipients) {
    CompiledScript compiled;
    if (which == Scripts::kAsKnown) {
      compiled = cache_.Find(recipient.account_id).value_or(CompiledScript{});
    } else {
      ASSIGN_OR_RETURN(compiled, cache_.Load(recipient.account_id));
    }
    recipient.script.reset();
    if (compiled.generation != 0) {
      RETURN_IF_ERROR(RunOne(request, compiled, delivery, &recipient));
    }
  }
  return absl::OkStatus();
}

absl::Status ScriptRunner::RunOne(const v1::DeliverRequest& request, const CompiledScript& compiled,
                                  Delivery* delivery, Delivery::Recipient* recipient) {
  absl::Time now = absl::Now();
  DeliveryHost host(store_, {recipient->account_id, hostname_, request.origin().client_ip(), now});
  sieve::Message message(request.content());
  sieve::Envelope envelope{delivery->sender, recipient->address, recipient->address};
  sieve::Result result = sieve::Execute(*compiled.script, message, envelope, host);
  RETURN_IF_ERROR(host.status());
  ScriptOutcome outcome;
  outcome.generation = compiled.generation;
  if (!result.edits.empty() && message.bytes() != request.content())
    outcome.changed = Changed(message, *delivery, recipient->account_id);
  std::string_view content =
      outcome.changed ? std::string_view(outcome.changed->content) : request.content();
  ScriptedDelivery mail{*delivery, *recipient, content,
                        hostname_, now,        request.envelope().smtputf8()};
  ActionWriter writer(mail, host, resolve_);
  RETURN_IF_ERROR(writer.Write(result, &outcome));
  RunCounter(result.error ? "failed" : "ok").Increment();
  if (result.error) {
    std::string words = result.error->ToString();
    writer.AddEvent(fmt::format("script '{}' failed: {}; kept", compiled.name, words));
    log::Info("mailbox.script.failed", {{"mail_id", delivery->mail_id.ToString()},
                                        {"account", recipient->account_id},
                                        {"script", compiled.name},
                                        {"error", words}});
  }
  recipient->script = std::move(outcome);
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
