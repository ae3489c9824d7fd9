// AUTH (RFC 4954). The mechanisms are libs/sasl; here is what SMTP wraps around them.

#include "base/base64.h"
#include "base/text.h"
#include "smtp/server_session.h"

namespace pennypost::smtp {

void ServerSession::OnAuth(std::string_view args) {
  if (info_.authenticated) return Reply({503, "5.5.1", "you are logged in"});
  if (options_.auth_mechanisms.empty()) return Reply({502, "5.5.1", "AUTH is not offered"});
  if (!info_.tls && !options_.auth_without_tls) return Reply({530, "5.7.0", "STARTTLS first"});
  size_t space = args.find(' ');
  std::string_view name = args.substr(0, space);
  bool offered = false;
  for (const std::string& ours : options_.auth_mechanisms) offered |= EqualsIgnoreCase(ours, name);
  auto mechanism = offered ? sasl::NewServerMechanism(name) : nullptr;
  if (!mechanism) return Reply({504, "5.5.4", "mechanism is not offered"});
  std::optional<std::string> initial;
  if (space != std::string_view::npos) {
    std::string_view text = args.substr(space + 1);
    initial = text == "=" ? std::string() : Base64Decode(text);
    if (!initial) return Reply({501, "5.5.2", "malformed base64"});
  }
  state_ = AuthExchange{ToUpper(name), std::move(mechanism)};
  OnAuthStep(std::get<AuthExchange>(state_).mechanism->Start(initial));
}

void ServerSession::OnAuthLine(std::string_view line) {
  if (RefuseEarlyInput()) return;
  if (line == "*") return EndAuth({501, "5.7.0", "AUTH cancelled"});
  auto response = Base64Decode(line);
  if (!response) return EndAuth({501, "5.5.2", "malformed base64"});
  OnAuthStep(std::get<AuthExchange>(state_).mechanism->Respond(*response));
}

void ServerSession::OnAuthStep(sasl::ServerStep step) {
  std::string_view name = std::get<AuthExchange>(state_).name;
  if (auto* challenge = std::get_if<sasl::Challenge>(&step)) {
    return Reply({334, "", Base64Encode(challenge->bytes)});
  }
  if (auto* check = std::get_if<sasl::NeedPasswordCheck>(&step)) {
    open_ = Open::kPassword;
    return Ask(CheckPassword{name, std::move(*check)});
  }
  if (auto* keys = std::get_if<sasl::NeedScramKeys>(&step)) {
    open_ = Open::kScramKeys;
    return Ask(FetchScramKeys{name, std::move(keys->user)});
  }
  if (auto* success = std::get_if<sasl::Success>(&step)) {
    candidate_login_ = {name, std::move(*success), true};
  } else {
    auto& failure = std::get<sasl::Failure>(step);
    if (failure.kind == sasl::FailureKind::kMalformed) {
      return EndAuth({501, "5.5.2", "malformed response"});
    }
    candidate_login_ = {name, {"", std::move(failure.user)}, false};
  }
  open_ = Open::kScramFinished;
  Ask(candidate_login_);
}

void ServerSession::OnPasswordChecked(Outcome& outcome) {
  if (const SmtpReply* refusal = Refusal(outcome)) return EndAuth(*refusal);
  auto& exchange = std::get<AuthExchange>(state_);
  auto step = exchange.mechanism->PasswordChecked(sasl::PasswordResult::kCorrect);
  LogIn(std::get<sasl::Success>(step), std::get<Accept>(outcome).reply);
}

void ServerSession::OnScramKeys(Outcome& outcome) {
  if (auto* keys = std::get_if<sasl::ScramKeys>(&outcome)) {
    auto& exchange = std::get<AuthExchange>(state_);
    return OnAuthStep(exchange.mechanism->ScramKeysFetched(std::move(*keys)));
  }
  const SmtpReply* refusal = Refusal(outcome);
  EndAuth(refusal ? *refusal : SmtpReply{451, "4.3.0", "internal error"});
}

void ServerSession::OnScramFinished(Outcome& outcome) {
  const SmtpReply* refusal = Refusal(outcome);
  if (refusal) return EndAuth(*refusal);
  if (!candidate_login_.proven) return EndAuth({535, "5.7.8", "authentication failed"});
  LogIn(candidate_login_.identity, std::get<Accept>(outcome).reply);
}

void ServerSession::LogIn(const sasl::Success& identity, const std::optional<SmtpReply>& reply) {
  info_.authenticated = true;
  info_.user = identity.user;
  info_.authzid = identity.authzid;
  EndAuth(reply.value_or(SmtpReply{235, "2.7.0", "welcome"}));
}

void ServerSession::EndAuth(const SmtpReply& reply) {
  state_ = Command{};
  Reply(reply);
}

}  // namespace pennypost::smtp
