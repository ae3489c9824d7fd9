#pragma once
// The client side of SASL, for smart hosts and tests: PLAIN, LOGIN and SCRAM-SHA-256.
//
// One object a login attempt. Initial() is the initial response, nothing for mechanisms where the
// server speaks first; each challenge goes to Respond(). When the server says that the login
// succeeded, ServerIsProven() tells whether the mechanism agrees: SCRAM then has seen the server's
// signature.

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::sasl {

struct ClientCredentials {
  std::string authzid;  // empty: the user himself
  std::string user;
  std::string password;
};

class ClientMechanism {
 public:
  virtual ~ClientMechanism() = default;
  virtual std::string_view name() const = 0;
  virtual std::optional<std::string> Initial() = 0;
  // An error means that the server does not follow the mechanism: cancel with "*".
  virtual absl::StatusOr<std::string> Respond(std::string_view challenge) = 0;
  virtual bool ServerIsProven() const = 0;
};

// nullptr for an unknown name. `nonce` replaces the random nonce of SCRAM.
std::unique_ptr<ClientMechanism> NewClientMechanism(std::string_view name,
                                                    ClientCredentials credentials,
                                                    std::string_view nonce = {});

// The strongest of ours among what the server offers; empty if there is none.
std::string ChooseClientMechanism(const std::vector<std::string>& offered);

}  // namespace pennypost::sasl
