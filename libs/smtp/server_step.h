#pragma once
// What a ServerSession wants from its driver, and what the driver's policy may answer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mail/envelope.h"
#include "mail/smtp_reply.h"
#include "sasl/server.h"

namespace pennypost::smtp {

using mail::SmtpReply;

// --- Requests. Pointers and views live until Resume(); views into input also end with the next
// Feed().

struct CheckPeer {};  // before the greeting; a refusal is sent in its place and closes
struct CheckHelo {
  std::string_view name;
};
// PLAIN and LOGIN. Accept logs in; Refuse is 535, Defer 454.
struct CheckPassword {
  std::string_view mechanism;
  sasl::NeedPasswordCheck credentials;
};
// SCRAM. Answer with sasl::ScramKeys (made-up ones for an unknown user), or Refuse, or Defer.
struct FetchScramKeys {
  std::string_view mechanism;
  std::string user;
};
// SCRAM ended, so that policy can count failures and look up what the user may do. The answer to a
// failure is ignored but for its reply.
struct ScramFinished {
  std::string_view mechanism;
  sasl::Success identity;
  bool proven = false;
};
struct CheckSender {
  const mail::Envelope* envelope;  // sender and the parameters of MAIL
};
struct CheckRecipient {
  const mail::Envelope* envelope;  // with the recipients accepted so far
  const mail::Recipient* recipient;
};
struct BeginMessage {
  const mail::Envelope* envelope;
};
struct MessageChunk {
  std::string_view bytes;  // content as it will be stored: CRLF lines, dots undone
};
// The whole content was handed over. Accept means that it is stored for good. In LMTP the answer
// may hold one reply a recipient.
struct EndMessage {
  const mail::Envelope* envelope;
  uint64_t size;  // of all chunks
};

using Request = std::variant<CheckPeer, CheckHelo, CheckPassword, FetchScramKeys, ScramFinished,
                             CheckSender, CheckRecipient, BeginMessage, MessageChunk, EndMessage>;

// --- Steps

struct NeedInput {};
struct Output {
  std::string_view bytes;  // valid until the next call of Next()
};
struct StartTls {};  // all output is written: hand over to TLS, then call TlsStarted()

enum class CloseReason {
  kQuit,
  kRefused,      // by policy, in the greeting or with a 421
  kErrors,       // too many errors, long lines or recipients
  kEarlyInput,   // bytes where the client had to wait
  kNotSmtp,      // another protocol speaks
  kTooBig,       // content went on far over the limit
  kInterrupted,  // Interrupt(): drain or timeout
};
struct Close {
  CloseReason reason;
};

using Step = std::variant<NeedInput, Output, Request, StartTls, Close>;

// --- Outcomes. A reply with code 421 ends the session wherever it comes from.

struct Accept {
  std::optional<SmtpReply> reply;        // in place of the usual one
  std::vector<SmtpReply> per_recipient;  // LMTP, EndMessage only: in the order of the envelope
};
struct Refuse {
  SmtpReply reply;  // 5yz; counts as an error of the client
};
struct Defer {
  SmtpReply reply;  // 4yz: our trouble, or "later"; counts nothing
};
using Outcome = std::variant<Accept, Refuse, Defer, sasl::ScramKeys>;

}  // namespace pennypost::smtp
