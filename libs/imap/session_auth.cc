// Logins: LOGIN, AUTHENTICATE (RFC 9051 6.2, RFC 4959) and what the exchange asks of the directory.

#include <fmt/format.h>

#include "base/base64.h"
#include "base/text.h"
#include "imap/session.h"

namespace pennypost::imap {
namespace {

Result WrongCredentials() {
  return No("Authentication failed", "AUTHENTICATIONFAILED");
}

}  // namespace

void ServerSession::DoLogin(std::string tag, Login login) {
  if (!PasswordsAllowed()) return Tagged(tag, No("TLS is needed first", "PRIVACYREQUIRED"));
  AuthExchange exchange;
  exchange.tag = std::move(tag);
  exchange.user = login.user;
  mode_ = std::move(exchange);
  request_ = CheckPassword{std::move(login.user), std::move(login.password)};
}

void ServerSession::DoAuthenticate(std::string tag, Authenticate authenticate) {
  if (!PasswordsAllowed()) return Tagged(tag, No("TLS is needed first", "PRIVACYREQUIRED"));
  auto mechanism = sasl::NewServerMechanism(authenticate.mechanism, options_.sasl_nonce);
  if (!mechanism) return Tagged(tag, No("Unknown mechanism", "CANNOT"));
  std::optional<std::string> initial;
  if (authenticate.initial) {
    // RFC 4959 3: "=" is an empty initial response.
    initial = *authenticate.initial == "=" ? std::string() : Base64Decode(*authenticate.initial);
    if (!initial) return Tagged(tag, Bad("Bad base64"));
  }
  AuthExchange exchange;
  exchange.tag = std::move(tag);
  exchange.mechanism = std::move(mechanism);
  mode_ = std::move(exchange);
  std::optional<std::string_view> start;
  if (initial) start = *initial;
  SaslStep(std::get<AuthExchange>(mode_).mechanism->Start(start));
}

bool ServerSession::ReadAuthLine() {
  Lexer::Event event = lexer_.NextLine(sasl::kMaxResponseLine);
  if (std::holds_alternative<Lexer::NeedMore>(event)) return false;
  auto* line = std::get_if<Lexer::CommandText>(&event);
  if (!line) {
    FinishAuth(Bad("Line too long"));
  } else if (line->text == "*") {
    FinishAuth(Bad("Authentication cancelled"));
  } else if (auto response = Base64Decode(line->text)) {
    SaslStep(std::get<AuthExchange>(mode_).mechanism->Respond(*response));
  } else {
    FinishAuth(Bad("Bad base64"));
  }
  return true;
}

void ServerSession::SaslStep(sasl::ServerStep step) {
  auto& exchange = std::get<AuthExchange>(mode_);
  if (auto* challenge = std::get_if<sasl::Challenge>(&step)) {
    out_ += fmt::format("+ {}\r\n", Base64Encode(challenge->bytes));
  } else if (auto* password = std::get_if<sasl::NeedPasswordCheck>(&step)) {
    exchange.user = password->user;
    exchange.authzid = password->authzid;
    request_ = CheckPassword{std::move(password->user), std::move(password->password)};
  } else if (auto* keys = std::get_if<sasl::NeedScramKeys>(&step)) {
    exchange.user = keys->user;
    request_ = FetchScramKeys{std::move(keys->user)};
  } else if (auto* success = std::get_if<sasl::Success>(&step)) {
    exchange.authzid = success->authzid;
    request_ = FinishScram{std::move(success->user), true};
  } else if (auto* failure = std::get_if<sasl::Failure>(&step)) {
    if (failure->kind == sasl::FailureKind::kMalformed)
      return FinishAuth(Bad("Malformed response"));
    // The directory counts the failure.
    exchange.scram_failed = true;
    request_ = FinishScram{failure->user.empty() ? exchange.user : failure->user, false};
  }
}

void ServerSession::ResumeAuth(Outcome outcome) {
  auto& exchange = std::get<AuthExchange>(mode_);
  if (auto* found = std::get_if<ScramKeysFound>(&outcome)) {
    return SaslStep(exchange.mechanism->ScramKeysFetched(std::move(found->keys)));
  }
  if (auto* done = std::get_if<Done>(&outcome)) {
    // A refusal of FinishScram after a wrong proof says the same as the proof itself.
    bool told = done->result.kind != Result::Kind::kOk;
    return FinishAuth(told ? done->result : WrongCredentials());
  }
  if (exchange.scram_failed) return FinishAuth(WrongCredentials());
  // RFC 4616 2: acting for another user is a right nobody has here.
  if (!exchange.authzid.empty() && !EqualsIgnoreCase(exchange.authzid, exchange.user)) {
    return FinishAuth(No("Not authorized to act as that user", "AUTHORIZATIONFAILED"));
  }
  state_ = Authenticated{};
  bad_commands_ = 0;
  FinishAuth(Ok("Logged in", "CAPABILITY " + Capabilities()));
}

void ServerSession::FinishAuth(const Result& result) {
  std::string tag = std::move(std::get<AuthExchange>(mode_).tag);
  mode_ = Commands{};
  Tagged(tag, result);
  if (result.kind != Result::Kind::kOk) CountBad();
}

}  // namespace pennypost::imap
