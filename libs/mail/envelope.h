#pragma once
// The envelope of a message: what SMTP says about it, apart from its bytes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "mail/address.h"

namespace pennypost::mail {

// RFC 6152. BINARYMIME is not offered, so every body is made of CRLF lines.
enum class BodyType { k7Bit, k8BitMime };

// RFC 3461 4.3: what a failure report returns.
enum class DsnReturn { kUnspecified, kFull, kHeaders };

// RFC 3461 4.1. All false: the sender did not say, which means failure and delay at our choice.
struct DsnNotify {
  bool never = false;
  bool success = false;
  bool failure = false;
  bool delay = false;

  bool operator==(const DsnNotify&) const = default;
  bool IsUnspecified() const { return !never && !success && !failure && !delay; }
};

struct Recipient {
  Address address;
  DsnNotify notify;
  std::string orcpt;  // "rfc822;xtext" as received, checked (RFC 3461 4.2); empty if not given
};

struct Envelope {
  Uuid mail_id;                   // one id for life, made at acceptance
  std::optional<Address> sender;  // nothing is the null sender "<>": never bounce, never answer
  std::vector<Recipient> recipients;
  DsnReturn ret = DsnReturn::kUnspecified;
  std::string envid;  // xtext as received (RFC 3461 4.4)
  BodyType body = BodyType::k7Bit;
  bool smtputf8 = false;
  uint64_t declared_size = 0;  // SIZE= of MAIL (RFC 1870); 0 if not given

  std::string SenderText() const { return sender ? sender->ToString() : std::string(); }
};

}  // namespace pennypost::mail
