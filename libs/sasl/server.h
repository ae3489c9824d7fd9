#pragma once
// The server side of SASL (RFC 4422): PLAIN, LOGIN and SCRAM-SHA-256 as step machines.
//
// One object a login attempt. The protocol core (SMTP, IMAP, POP3, ManageSieve) does the base64,
// the "+ " or "334 " of its protocol and the cancel "*"; it feeds decoded bytes and obeys the step
// it gets:
//
//   Challenge          send it; the client's answer goes to Respond()
//   NeedPasswordCheck  ask the directory; the answer goes to PasswordChecked()
//   NeedScramKeys      ask the directory; the answer goes to ScramKeysFetched()
//   Success, Failure   the end
//
// A mechanism never needs "additional data with success": SCRAM sends its signature as a challenge,
// which the client answers with an empty response. No threads, no clock; randomness only for
// SCRAM's nonce.
//
// Invariants:
//   Success comes only after a right password or a right proof.
//   A directory that is away is the caller's matter (it answers its own "try later"), never a
//   Failure here.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sasl/scram.h"

namespace pennypost::sasl {

// Octets of one base64 response line (RFC 4954 4.9: at least 12288); the protocol cores enforce it.
inline constexpr size_t kMaxResponseLine = 12288;

struct Challenge {
  std::string bytes;  // not yet base64
};
struct NeedPasswordCheck {
  std::string authzid;  // empty: the user himself
  std::string user;
  std::string password;
};
struct NeedScramKeys {
  std::string user;
};
struct Success {
  std::string authzid;  // empty: the user himself. Whether `user` may act as it is policy.
  std::string user;
};
enum class FailureKind {
  kBadCredentials,  // wrong user, password or proof: 535, NO [AUTHENTICATIONFAILED], -ERR [AUTH]
  kMalformed,       // bytes no client of this mechanism sends: 501, BAD
};
struct Failure {
  FailureKind kind = FailureKind::kMalformed;
  std::string user;  // for limits and logs, where it is known
};

using ServerStep = std::variant<Challenge, NeedPasswordCheck, NeedScramKeys, Success, Failure>;

enum class PasswordResult { kCorrect, kWrong };

class ServerMechanism {
 public:
  virtual ~ServerMechanism() = default;

  // Begins. `initial` is the initial response; nothing where the client sent none ("=" in SMTP and
  // IMAP is one of zero bytes).
  virtual ServerStep Start(std::optional<std::string_view> initial) = 0;
  // The client's answer to a Challenge.
  virtual ServerStep Respond(std::string_view response) = 0;
  // The answer to NeedPasswordCheck.
  virtual ServerStep PasswordChecked(PasswordResult result);
  // The answer to NeedScramKeys. For an unknown user pass keys made up from a secret and the name,
  // so that the client cannot tell; with nothing the attempt fails at once.
  virtual ServerStep ScramKeysFetched(std::optional<ScramKeys> keys);
};

// By name in any case; nullptr for what we do not speak. `nonce` replaces the random nonce of
// SCRAM.
std::unique_ptr<ServerMechanism> NewServerMechanism(std::string_view name,
                                                    std::string_view nonce = {});

// The mechanisms, the strongest first, as EHLO, CAPABILITY and CAPA list them.
const std::vector<std::string>& ServerMechanismNames();

}  // namespace pennypost::sasl
