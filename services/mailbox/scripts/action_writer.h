#pragma once
// From what a script wants to what the delivery stores: copies, mail that goes out, what is
// remembered, events for the history.

#include <functional>

#include "pennypost/directory/v1/directory_service.pb.h"
#include "pennypost/relay/v1/relay_service.pb.h"
#include "services/mailbox/scripts/delivery_host.h"
#include "services/mailbox/store/store.h"
#include "sieve/result.h"

namespace pennypost::mailbox {

// The directory's answer; may block.
using ResolveRecipient = std::function<absl::StatusOr<directory::v1::ResolveRecipientResponse>(
    const directory::v1::ResolveRecipientRequest&)>;

// One recipient of one message, as its script sees it.
struct ScriptedDelivery {
  const Delivery& delivery;
  const Delivery::Recipient& recipient;
  std::string_view content;  // as the script left it
  std::string hostname;
  absl::Time now;
  bool smtputf8 = false;
};

// For the scripts of one recipient, one after the other. Errors are ours (the store or the
// directory is away): the delivery is to be tried again.
class ActionWriter {
 public:
  ActionWriter(const ScriptedDelivery& mail, DeliveryHost& host, const ResolveRecipient& resolve,
               ScriptOutcome* outcome)
      : mail_(mail), host_(host), resolve_(resolve), outcome_(outcome) {}

  // Whether what a script keeps is stored, or handed on to the next script with its flags.
  enum class Keeps { kNow, kByTheNext };
  absl::Status Write(const sieve::Result& result, Keeps keeps);
  // "script", for the history.
  void AddEvent(std::string detail);

 private:
  absl::Status Do(const sieve::Keep& action);
  absl::Status Do(const sieve::Discard& action);
  absl::Status Do(const sieve::FileInto& action);
  absl::Status Do(const sieve::Redirect& action);
  absl::Status Do(const sieve::Reject& action);
  absl::Status Do(const sieve::Vacation& action);
  absl::Status Do(const sieve::Notify& action);
  absl::Status Do(const sieve::RememberDuplicate& action);

  // The recipient's own place, INBOX in general.
  void Keep(const std::vector<std::string>& flags);
  void AddCopy(const std::string& mailbox, const std::vector<std::string>& flags,
               const std::string& more_flags);
  // The mail is kept instead.
  void KeepBecause(std::string why);
  // Empty: it may be redirected.
  std::string WhyNotRedirected(const std::string& address);
  // Where it goes; the words of a refusal in `why` if nowhere.
  absl::Status Recipients(const std::string& address, relay::v1::EnqueueRequest* request,
                          std::string* why);
  // Once an outcome: two tests of one id are one memory.
  void Remember(std::string key, absl::Duration period, bool must_be_new);
  // The next message out, with its id.
  relay::v1::EnqueueRequest NewRequest();
  absl::Status Send(const std::string& address, relay::v1::EnqueueRequest request,
                    std::string event);
  std::string Flags(const std::vector<std::string>& flags, const std::string& more) const;

  const ScriptedDelivery& mail_;
  DeliveryHost& host_;
  const ResolveRecipient& resolve_;
  ScriptOutcome* const outcome_;
  Keeps keeps_ = Keeps::kNow;
  std::vector<std::string> flags_;  // of what earlier scripts kept
  int action_no_ = 0;
};

}  // namespace pennypost::mailbox
