#pragma once
// What one attempt came to, for one recipient.

#include <string>

#include "mail/smtp_reply.h"

namespace pennypost::relay {

struct DeliveryResult {
  enum class Kind {
    kDelivered,
    kDeferred,  // to be tried again
    kFailed,    // for good
    kHold,      // an operator decides
    kLost,      // the lease went to somebody else: nothing is to be written
  };
  Kind kind = Kind::kDeferred;
  mail::SmtpReply reply;       // of the other side, or in its manner
  std::string remote_mta;      // who said it; empty for ourselves
  bool local = false;          // into a mailbox of ours
  bool dsn_passed_on = false;  // the other side took over the duty to report (RFC 3461 5.2.2)
};

inline DeliveryResult Deferred(std::string_view enhanced, std::string_view text) {
  return {DeliveryResult::Kind::kDeferred,
          {451, std::string(enhanced), std::string(text)},
          "",
          false,
          false};
}
inline DeliveryResult Failed(int code, std::string_view enhanced, std::string_view text) {
  return {DeliveryResult::Kind::kFailed,
          {code, std::string(enhanced), std::string(text)},
          "",
          false,
          false};
}
inline DeliveryResult Held(std::string_view reason) {
  return {DeliveryResult::Kind::kHold, {0, "", std::string(reason)}, "", false, false};
}

}  // namespace pennypost::relay
