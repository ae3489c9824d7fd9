#include "sasl/server.h"

#include "base/base64.h"
#include "base/id.h"
#include "base/text.h"

namespace pennypost::sasl {
namespace {

constexpr size_t kMaxName = 320;       // of a user or an authorization identity
constexpr size_t kMaxPassword = 1024;  // nobody types more; keeps the hash functions cheap

Failure Malformed() {
  return {.kind = FailureKind::kMalformed, .user = ""};
}

bool IsUserName(std::string_view name) {
  return name.size() <= kMaxName && IsAcceptableText(name);
}
bool IsPassword(std::string_view text) {
  return text.size() <= kMaxPassword && IsAcceptableText(text);
}

// What PLAIN and LOGIN share: they ask for the check of a password.
class PasswordMechanism : public ServerMechanism {
 public:
  ServerStep PasswordChecked(PasswordResult result) final {
    if (result == PasswordResult::kCorrect) return Success{authzid_, user_};
    return Failure{FailureKind::kBadCredentials, user_};
  }

 protected:
  ServerStep Check(std::string_view authzid, std::string_view user, std::string_view password) {
    if (!IsUserName(user) || !IsPassword(password)) return Malformed();
    if (!authzid.empty() && !IsUserName(authzid)) return Malformed();
    authzid_ = authzid;
    user_ = user;
    return NeedPasswordCheck{authzid_, user_, std::string(password)};
  }

 private:
  std::string authzid_;
  std::string user_;
};

// RFC 4616
class Plain final : public PasswordMechanism {
 public:
  ServerStep Start(std::optional<std::string_view> initial) override {
    if (!initial) return Challenge{};
    return Respond(*initial);
  }

  ServerStep Respond(std::string_view response) override {
    size_t first = response.find('\0');
    if (first == std::string_view::npos) return Malformed();
    size_t second = response.find('\0', first + 1);
    if (second == std::string_view::npos) return Malformed();
    return Check(response.substr(0, first), response.substr(first + 1, second - first - 1),
                 response.substr(second + 1));
  }
};

// draft-murchison-sasl-login: no standard, but what many clients still speak.
class Login final : public PasswordMechanism {
 public:
  ServerStep Start(std::optional<std::string_view> initial) override {
    if (!initial) return Challenge{"Username:"};
    return Respond(*initial);
  }

  ServerStep Respond(std::string_view response) override {
    if (user_) return Check("", *user_, response);
    if (!IsUserName(response)) return Malformed();
    user_ = std::string(response);
    return Challenge{"Password:"};
  }

 private:
  std::optional<std::string> user_;
};

// RFC 5802, RFC 7677; without channel binding.
class ScramSha256 final : public ServerMechanism {
 public:
  explicit ScramSha256(std::string_view nonce)
      : server_nonce_(nonce.empty() ? Base64Encode(RandomBytes(18)) : std::string(nonce)) {}

  ServerStep Start(std::optional<std::string_view> initial) override {
    if (!initial) return Challenge{};
    return Respond(*initial);
  }

  ServerStep Respond(std::string_view response) override {
    switch (state_) {
      case State::kClientFirst:
        return ClientFirst(response);
      case State::kClientFinal:
        return ClientFinal(response);
      case State::kAcknowledge:
        if (!response.empty()) return Malformed();
        return Success{authzid_, user_};
      case State::kKeys:
        break;
    }
    return Malformed();
  }

  ServerStep ScramKeysFetched(std::optional<ScramKeys> keys) override {
    if (state_ != State::kKeys) return Malformed();
    if (!keys) return Failure{FailureKind::kBadCredentials, user_};
    keys_ = *std::move(keys);
    server_first_ = fmt::format("r={}{},s={},i={}", client_nonce_, server_nonce_,
                                Base64Encode(keys_.salt), keys_.iterations);
    state_ = State::kClientFinal;
    return Challenge{server_first_};
  }

 private:
  enum class State { kClientFirst, kKeys, kClientFinal, kAcknowledge };

  // RFC 5802 7 client-first-message
  ServerStep ClientFirst(std::string_view message) {
    std::string_view rest = message;
    // "p": channel binding, which we did not offer. "y": the client thinks we do not, and is right.
    if (!rest.starts_with("n,") && !rest.starts_with("y,")) return Malformed();
    rest.remove_prefix(2);
    std::string_view name;
    if (rest.starts_with(',')) {
      rest.remove_prefix(1);
    } else if (!TakeAttribute(rest, 'a', name) || !DecodeSaslName(name, authzid_)) {
      return Malformed();
    }
    gs2_header_ = message.substr(0, message.size() - rest.size());
    client_first_bare_ = rest;
    // An "m=" here would be a mandatory extension: refused, since no attribute but "n" may come
    // first.
    std::string_view nonce;
    if (!TakeAttribute(rest, 'n', name) || !DecodeSaslName(name, user_)) return Malformed();
    if (!TakeAttribute(rest, 'r', nonce) || !IsScramNonce(nonce)) return Malformed();
    if (user_.size() > kMaxName || authzid_.size() > kMaxName) return Malformed();
    client_nonce_ = nonce;
    state_ = State::kKeys;
    return NeedScramKeys{user_};
  }

  // RFC 5802 7 client-final-message
  ServerStep ClientFinal(std::string_view message) {
    size_t proof_at = message.rfind(",p=");
    if (proof_at == std::string_view::npos) return Malformed();
    std::string_view without_proof = message.substr(0, proof_at);
    auto proof = Base64Decode(message.substr(proof_at + 3));
    std::string_view rest = without_proof;
    std::string_view binding;
    std::string_view nonce;
    if (!proof || !TakeAttribute(rest, 'c', binding) || !TakeAttribute(rest, 'r', nonce)) {
      return Malformed();
    }
    if (Base64Decode(binding) != gs2_header_) return Malformed();
    if (nonce != client_nonce_ + server_nonce_) return Malformed();
    std::string auth_message =
        fmt::format("{},{},{}", client_first_bare_, server_first_, without_proof);
    if (!VerifyScramProof(keys_, auth_message, *proof)) {
      return Failure{FailureKind::kBadCredentials, user_};
    }
    state_ = State::kAcknowledge;
    return Challenge{"v=" + Base64Encode(HmacSha256(keys_.server_key, auth_message))};
  }

  State state_ = State::kClientFirst;
  std::string server_nonce_;
  std::string client_nonce_;
  std::string gs2_header_;
  std::string client_first_bare_;
  std::string server_first_;
  std::string authzid_;
  std::string user_;
  ScramKeys keys_;
};

}  // namespace

ServerStep ServerMechanism::PasswordChecked(PasswordResult) {
  return Malformed();
}
ServerStep ServerMechanism::ScramKeysFetched(std::optional<ScramKeys>) {
  return Malformed();
}

std::unique_ptr<ServerMechanism> NewServerMechanism(std::string_view name, std::string_view nonce) {
  if (EqualsIgnoreCase(name, "PLAIN")) return std::make_unique<Plain>();
  if (EqualsIgnoreCase(name, "LOGIN")) return std::make_unique<Login>();
  if (EqualsIgnoreCase(name, "SCRAM-SHA-256")) return std::make_unique<ScramSha256>(nonce);
  return nullptr;
}

const std::vector<std::string>& ServerMechanismNames() {
  static const auto& names = *new std::vector<std::string>{"SCRAM-SHA-256", "PLAIN", "LOGIN"};
  return names;
}

}  // namespace pennypost::sasl
