// AUTHENTICATE (RFC 5804 2.1), STARTTLS (2.2), CAPABILITY (2.4), UNAUTHENTICATE (2.14.1).

#include <fmt/format.h>

#include "base/base64.h"
#include "base/text.h"
#include "managesieve/session.h"

namespace pennypost::managesieve {

void ServerSession::WriteCapabilities() {
  auto line = [this](std::string_view name, std::string_view value) {
    out_ += fmt::format("{} {}\r\n", ToString(name), ToString(value));
  };
  line("IMPLEMENTATION", "Pennypost");
  std::string mechanisms;
  if (PasswordsAllowed()) {
    for (const std::string& name : sasl::ServerMechanismNames()) {
      // LOGIN is not for new protocols, and no client of this one needs it.
      if (name != "LOGIN") mechanisms += (mechanisms.empty() ? "" : " ") + name;
    }
  }
  line("SASL", mechanisms);
  line("SIEVE", options_.extensions);
  line("NOTIFY", "mailto");
  line("MAXREDIRECTS", std::to_string(options_.max_redirects));
  if (!options_.tls && options_.starttls && !authenticated_) out_ += "\"STARTTLS\"\r\n";
  out_ += "\"UNAUTHENTICATE\"\r\n";
  if (authenticated_) line("OWNER", owner_);
  line("VERSION", "1.0");
}

void ServerSession::DoCapability(Arguments) {
  WriteCapabilities();
  Ok("");
}

void ServerSession::DoStartTls(Arguments) {
  if (options_.tls || !options_.starttls) return No("TLS cannot start here");
  if (lexer_.HasBuffered()) {
    // What a man in the middle put behind the command must not run as if it came over TLS.
    return Bye("Nothing may follow STARTTLS", "bytes after STARTTLS");
  }
  Ok("Begin TLS now");
  tls_due_ = true;
  mode_ = TlsHandshake{};
}

void ServerSession::DoUnauthenticate(Arguments) {
  authenticated_ = false;
  owner_.clear();
  request_ = ForgetLogin{};
}

void ServerSession::DoAuthenticate(Arguments arguments) {
  if (!PasswordsAllowed()) return No("TLS is needed first", "ENCRYPT-NEEDED");
  auto mechanism = EqualsIgnoreCase(arguments[0].text, "LOGIN")
                       ? nullptr
                       : sasl::NewServerMechanism(arguments[0].text, options_.sasl_nonce);
  if (!mechanism) return No("Unknown mechanism");
  std::optional<std::string> initial;
  if (arguments.size() > 1) {
    initial = Base64Decode(arguments[1].text);
    if (!initial) return No("Bad base64");
  }
  AuthExchange exchange;
  exchange.mechanism = std::move(mechanism);
  mode_ = std::move(exchange);
  std::optional<std::string_view> start;
  if (initial) start = *initial;
  SaslStep(std::get<AuthExchange>(mode_).mechanism->Start(start));
}

void ServerSession::HandleAuthLine(const std::vector<Token>& tokens) {
  if (tokens.size() != 1 || !tokens[0].is_string()) return EndAuth("A string is needed");
  if (tokens[0].text == "*") return EndAuth("Authentication cancelled");
  auto response = Base64Decode(tokens[0].text);
  if (!response) return EndAuth("Bad base64");
  SaslStep(std::get<AuthExchange>(mode_).mechanism->Respond(*response));
}

void ServerSession::SaslStep(sasl::ServerStep step) {
  auto& exchange = std::get<AuthExchange>(mode_);
  if (auto* challenge = std::get_if<sasl::Challenge>(&step)) {
    out_ += ToString(Base64Encode(challenge->bytes)) + "\r\n";
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
    if (failure->kind == sasl::FailureKind::kMalformed) return EndAuth("Malformed response");
    exchange.failed = true;
    request_ = FinishScram{failure->user.empty() ? exchange.user : failure->user, false};
  }
}

void ServerSession::ResumeAuth(Outcome outcome) {
  auto& exchange = std::get<AuthExchange>(mode_);
  if (auto* found = std::get_if<ScramKeysFound>(&outcome))
    return SaslStep(exchange.mechanism->ScramKeysFetched(std::move(found->keys)));
  if (auto* refused = std::get_if<Refused>(&outcome)) return EndAuth(refused->text, refused->code);
  if (exchange.failed) return EndAuth("Authentication failed");
  if (!exchange.authzid.empty() && !EqualsIgnoreCase(exchange.authzid, exchange.user))
    return EndAuth("Not authorized to act as that user");
  if (auto* login = std::get_if<LoggedIn>(&outcome)) owner_ = std::move(login->owner);
  authenticated_ = true;
  failures_ = 0;
  mode_ = Commands{};
  Ok("Logged in");
}

void ServerSession::EndAuth(std::string_view text, std::string_view code) {
  mode_ = Commands{};
  No(text, code);
}

}  // namespace pennypost::managesieve
