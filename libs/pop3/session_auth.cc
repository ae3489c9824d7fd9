// USER, PASS (RFC 1939 7), AUTH (RFC 5034), CAPA (RFC 2449 5), STLS (RFC 2595 4), UTF8 (RFC 6856
// 2).

#include <fmt/format.h>

#include "base/base64.h"
#include "base/text.h"
#include "pop3/session.h"

namespace pennypost::pop3 {

void ServerSession::DoCapa(std::string_view) {
  Good("Capabilities");
  out_ +=
      "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUTF8\r\nEXPIRE NEVER\r\n"
      "LOGIN-DELAY 0\r\n";
  if (!options_.tls && options_.stls && !authenticated()) out_ += "STLS\r\n";
  if (PasswordsAllowed()) {
    out_ += "USER\r\nSASL";
    for (const std::string& name : sasl::ServerMechanismNames()) {
      if (name != "LOGIN") out_ += " " + name;
    }
    out_ += "\r\n";
  }
  out_ += "IMPLEMENTATION Pennypost\r\n.\r\n";
}

void ServerSession::DoStls(std::string_view) {
  if (options_.tls || !options_.stls) return Bad("TLS cannot start here");
  if (lines_.HasBuffered()) {
    // What a man in the middle put behind the command must not run as if it came over TLS.
    Bad("Nothing may follow STLS");
    mode_ = Closed{"bytes after STLS"};
    return;
  }
  Good("Begin TLS now");
  tls_due_ = true;
  mode_ = TlsHandshake{};
}

// Mail is sent as it is stored in any case; the client says it can take UTF-8.
void ServerSession::DoUtf8(std::string_view) {
  Good("");
}

void ServerSession::DoUser(std::string_view user) {
  if (!PasswordsAllowed()) return Bad("TLS is needed first");
  // RFC 1939 7: the answer must not tell whether the user exists.
  std::get<Authorization>(state_).user = std::string(user);
  Good("");
}

void ServerSession::DoPass(std::string_view password) {
  std::string user = std::exchange(std::get<Authorization>(state_).user, "");
  if (user.empty()) return Bad("USER first");
  AuthExchange exchange;
  exchange.user = user;
  mode_ = std::move(exchange);
  // RFC 1939 7: spaces belong to the password.
  request_ = CheckPassword{std::move(user), std::string(password)};
}

void ServerSession::DoAuth(std::string_view argument) {
  if (!PasswordsAllowed()) return Bad("TLS is needed first");
  size_t space = argument.find(' ');
  auto mechanism = sasl::NewServerMechanism(argument.substr(0, space), options_.sasl_nonce);
  if (!mechanism) return Bad("Unknown mechanism");
  std::optional<std::string> initial;
  if (space != std::string_view::npos) {
    std::string_view encoded = argument.substr(space + 1);
    initial = encoded == "=" ? std::string() : Base64Decode(encoded);
    if (!initial) return Bad("Bad base64");
  }
  AuthExchange exchange;
  exchange.mechanism = std::move(mechanism);
  mode_ = std::move(exchange);
  std::optional<std::string_view> start;
  if (initial) start = *initial;
  SaslStep(std::get<AuthExchange>(mode_).mechanism->Start(start));
}

void ServerSession::HandleAuthLine(const LineReader::Line& line) {
  if (line.too_long) return FinishAuth("", "Line too long");
  if (line.text == "*") return FinishAuth("", "Authentication cancelled");
  auto response = Base64Decode(line.text);
  if (!response) return FinishAuth("", "Bad base64");
  SaslStep(std::get<AuthExchange>(mode_).mechanism->Respond(*response));
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
    if (failure->kind == sasl::FailureKind::kMalformed) return FinishAuth("", "Malformed response");
    exchange.failed = true;
    request_ = FinishScram{failure->user.empty() ? exchange.user : failure->user, false};
  }
}

void ServerSession::ResumeAuth(Outcome outcome) {
  auto& exchange = std::get<AuthExchange>(mode_);
  if (auto* found = std::get_if<ScramKeysFound>(&outcome)) {
    return SaslStep(exchange.mechanism->ScramKeysFetched(std::move(found->keys)));
  }
  if (auto* refused = std::get_if<Refused>(&outcome))
    return FinishAuth(refused->code, refused->text);
  if (auto* maildrop = std::get_if<Maildrop>(&outcome)) {
    Transaction transaction;
    transaction.uid_validity = maildrop->uid_validity;
    transaction.messages = std::move(maildrop->messages);
    transaction.deleted.resize(transaction.messages.size());
    Good(fmt::format("Logged in, {} messages", transaction.messages.size()));
    state_ = std::move(transaction);
    mode_ = Commands{};
    failures_ = 0;
    return;
  }
  if (exchange.failed) return FinishAuth("AUTH", "Authentication failed");
  if (!exchange.authzid.empty() && !EqualsIgnoreCase(exchange.authzid, exchange.user)) {
    return FinishAuth("AUTH", "Not authorized to act as that user");
  }
  request_ = OpenMaildrop{};
}

void ServerSession::FinishAuth(std::string_view code, std::string_view text) {
  mode_ = Commands{};
  Bad(text, code);
}

}  // namespace pennypost::pop3
