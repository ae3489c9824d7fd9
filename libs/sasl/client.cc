#include "sasl/client.h"

#include "base/base64.h"
#include "base/id.h"
#include "base/status.h"
#include "base/text.h"
#include "sasl/scram.h"

namespace pennypost::sasl {
namespace {

// RFC 4616
class PlainClient final : public ClientMechanism {
 public:
  explicit PlainClient(ClientCredentials c) : credentials_(std::move(c)) {}
  std::string_view name() const override { return "PLAIN"; }
  bool ServerIsProven() const override { return true; }

  std::optional<std::string> Initial() override {
    std::string out = credentials_.authzid;
    out.push_back('\0');
    out += credentials_.user;
    out.push_back('\0');
    return out + credentials_.password;
  }
  absl::StatusOr<std::string> Respond(std::string_view challenge) override {
    if (!challenge.empty()) return SyntaxError("unexpected challenge");
    return *Initial();
  }

 private:
  ClientCredentials credentials_;
};

class LoginClient final : public ClientMechanism {
 public:
  explicit LoginClient(ClientCredentials c) : credentials_(std::move(c)) {}
  std::string_view name() const override { return "LOGIN"; }
  bool ServerIsProven() const override { return true; }

  std::optional<std::string> Initial() override { return std::nullopt; }
  // The prompts have no fixed text; only their order counts.
  absl::StatusOr<std::string> Respond(std::string_view) override {
    switch (prompts_++) {
      case 0:
        return credentials_.user;
      case 1:
        return credentials_.password;
    }
    return SyntaxError("unexpected challenge");
  }

 private:
  ClientCredentials credentials_;
  int prompts_ = 0;
};

// RFC 5802, RFC 7677
class ScramClient final : public ClientMechanism {
 public:
  ScramClient(ClientCredentials c, std::string_view nonce)
      : credentials_(std::move(c)),
        nonce_(nonce.empty() ? Base64Encode(RandomBytes(18)) : std::string(nonce)) {
    gs2_header_ = "n,";
    if (!credentials_.authzid.empty()) gs2_header_ += "a=" + EncodeSaslName(credentials_.authzid);
    gs2_header_ += ",";
    first_bare_ = fmt::format("n={},r={}", EncodeSaslName(credentials_.user), nonce_);
  }
  std::string_view name() const override { return "SCRAM-SHA-256"; }
  bool ServerIsProven() const override { return state_ == State::kDone; }

  std::optional<std::string> Initial() override {
    state_ = State::kServerFirst;
    return gs2_header_ + first_bare_;
  }

  absl::StatusOr<std::string> Respond(std::string_view challenge) override {
    switch (state_) {
      case State::kStart:
        return *Initial();
      case State::kServerFirst:
        return ServerFirst(challenge);
      case State::kServerFinal:
        return ServerFinal(challenge);
      case State::kDone:
        break;
    }
    return SyntaxError("unexpected challenge");
  }

 private:
  enum class State { kStart, kServerFirst, kServerFinal, kDone };

  absl::StatusOr<std::string> ServerFirst(std::string_view message) {
    std::string_view rest = message;
    std::string_view nonce;
    std::string_view salt64;
    std::string_view count;
    if (!TakeAttribute(rest, 'r', nonce) || !TakeAttribute(rest, 's', salt64) ||
        !TakeAttribute(rest, 'i', count)) {
      return SyntaxError("malformed SCRAM challenge");
    }
    auto salt = Base64Decode(salt64);
    auto iterations = ParseUint(count);
    // A server that repeats our nonce only could replay an old exchange.
    if (!IsScramNonce(nonce) || !nonce.starts_with(nonce_) || nonce.size() == nonce_.size()) {
      return SyntaxError("wrong SCRAM nonce");
    }
    if (!salt || !iterations || *iterations < kMinScramIterations ||
        *iterations > kMaxScramIterations) {
      return SyntaxError("unacceptable SCRAM parameters");
    }
    std::string without_proof = fmt::format("c={},r={}", Base64Encode(gs2_header_), nonce);
    std::string auth_message = fmt::format("{},{},{}", first_bare_, message, without_proof);
    ScramProofs proofs = ComputeScramProofs(credentials_.password, *salt,
                                            static_cast<int>(*iterations), auth_message);
    server_signature_ = proofs.server_signature;
    state_ = State::kServerFinal;
    return without_proof + ",p=" + Base64Encode(proofs.client_proof);
  }

  absl::StatusOr<std::string> ServerFinal(std::string_view message) {
    std::string_view value;
    if (!TakeAttribute(message, 'v', value)) return SyntaxError("no SCRAM signature");
    auto signature = Base64Decode(value);
    if (!signature || !EqualsConstantTime(*signature, server_signature_)) {
      return SyntaxError("wrong SCRAM signature of the server");
    }
    state_ = State::kDone;
    return std::string();
  }

  ClientCredentials credentials_;
  std::string nonce_;
  std::string gs2_header_;
  std::string first_bare_;
  std::string server_signature_;
  State state_ = State::kStart;
};

}  // namespace

std::unique_ptr<ClientMechanism> NewClientMechanism(std::string_view name,
                                                    ClientCredentials credentials,
                                                    std::string_view nonce) {
  if (EqualsIgnoreCase(name, "PLAIN")) {
    return std::make_unique<PlainClient>(std::move(credentials));
  }
  if (EqualsIgnoreCase(name, "LOGIN")) {
    return std::make_unique<LoginClient>(std::move(credentials));
  }
  if (EqualsIgnoreCase(name, "SCRAM-SHA-256")) {
    return std::make_unique<ScramClient>(std::move(credentials), nonce);
  }
  return nullptr;
}

std::string ChooseClientMechanism(const std::vector<std::string>& offered) {
  for (std::string_view ours : {"SCRAM-SHA-256", "PLAIN", "LOGIN"}) {
    for (const std::string& theirs : offered) {
      if (EqualsIgnoreCase(ours, theirs)) return std::string(ours);
    }
  }
  return "";
}

}  // namespace pennypost::sasl
