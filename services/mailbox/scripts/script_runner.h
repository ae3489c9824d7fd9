#pragma once
// Runs the recipients' scripts before a delivery is stored. What comes out stands in the delivery
// and is stored with it, in one transaction; a repeat of the message finds the first outcome.
//
// A script that fails keeps the mail in the recipient's own place and leaves an event. Blocking:
// for the threads of a pool.

#include "pennypost/mailbox/v1/mailbox_service.pb.h"
#include "services/mailbox/scripts/action_writer.h"
#include "services/mailbox/scripts/script_cache.h"

namespace pennypost::mailbox {

// Thread-safe.
class ScriptRunner {
 public:
  ScriptRunner(Store& store, std::string hostname, ResolveRecipient resolve)
      : store_(store),
        cache_(store),
        hostname_(std::move(hostname)),
        resolve_(std::move(resolve)) {}

  // Whether a script is known to run for a recipient. Does not block. A "no" may be wrong: then the
  // store says that the delivery is stale.
  bool Knows(Delivery* delivery) const;

  enum class Scripts { kAsKnown, kFromStore };
  // Fills in the outcome of each recipient's script. An error is ours: nothing is to be stored.
  absl::Status Run(const v1::DeliverRequest& request, Scripts which, Delivery* delivery);

 private:
  using Domains = std::shared_ptr<const CompiledDomains>;
  struct Step {
    std::string name;
    std::shared_ptr<const sieve::Script> script;
  };
  // The domain's "before", the account's own, the domain's "after".
  static std::vector<Step> StepsFor(const CompiledScript& own, const std::string& domain,
                                    const Domains& domains);
  // After runs over the budget: whether it is off now.
  bool SwitchOff(const Delivery::Recipient& recipient, const CompiledScript& own);
  absl::Status RunOne(const v1::DeliverRequest& request, const CompiledScript& own,
                      const Domains& domains, Delivery* delivery, Delivery::Recipient* recipient);

  Store& store_;
  ScriptCache cache_;
  const std::string hostname_;
  const ResolveRecipient resolve_;
};

}  // namespace pennypost::mailbox
