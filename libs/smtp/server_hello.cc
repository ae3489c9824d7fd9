// EHLO, HELO and LHLO (RFC 5321 4.1.1.1, RFC 2033 4.1).

#include "smtp/server_session.h"

namespace pennypost::smtp {
namespace {

constexpr size_t kMaxHelo = 255;

// Real clients send names that are no host names, so this only keeps out what would harm a header
// or a log.
bool IsHeloName(std::string_view name) {
  if (name.empty() || name.size() > kMaxHelo) return false;
  for (char c : name) {
    if (c <= ' ' || c > '~' || c == '(' || c == ')' || c == '<' || c == '>' || c == '"') {
      return false;
    }
  }
  return true;
}

}  // namespace

void ServerSession::OnEhlo(std::string_view args) {
  candidate_esmtp_ = true;
  AskHelo(args);
}

void ServerSession::OnHelo(std::string_view args) {
  candidate_esmtp_ = false;
  AskHelo(args);
}

void ServerSession::AskHelo(std::string_view args) {
  if (!IsHeloName(args)) return Reply({501, "5.5.4", "the argument is a host name or literal"});
  candidate_helo_ = args;
  open_ = Open::kHelo;
  Ask(CheckHelo{candidate_helo_});
}

void ServerSession::OnHeloChecked(Outcome& outcome) {
  if (const SmtpReply* refusal = Refusal(outcome)) return Reply(*refusal);
  if (RefuseEarlyInput()) return;
  // RFC 5321 4.1.4: a new greeting ends the transaction, as RSET does.
  transaction_.reset();
  info_.helo = candidate_helo_;
  info_.esmtp = candidate_esmtp_;
  Reply(info_.esmtp ? EhloReply() : SmtpReply{250, "", options_.hostname});
}

bool ServerSession::MayOfferAuth() const {
  return !options_.auth_mechanisms.empty() && !info_.authenticated &&
         (info_.tls || options_.auth_without_tls);
}

SmtpReply ServerSession::EhloReply() const {
  SmtpReply reply{250, "", options_.hostname};
  std::string& text = reply.text;
  text += "\nPIPELINING";                                                      // RFC 2920
  text += fmt::format("\nSIZE {}", options_.limits.message_size);              // RFC 1870
  text += "\n8BITMIME\nENHANCEDSTATUSCODES";                                   // RFC 6152, RFC 2034
  if (options_.smtputf8) text += "\nSMTPUTF8";                                 // RFC 6531
  if (options_.chunking) text += "\nCHUNKING";                                 // RFC 3030
  if (options_.dsn) text += "\nDSN";                                           // RFC 3461
  text += fmt::format("\nLIMITS RCPTMAX={}", options_.limits.recipients);      // RFC 9422
  if (options_.tls == TlsState::kOffered && !info_.tls) text += "\nSTARTTLS";  // RFC 3207
  if (MayOfferAuth()) {                                                        // RFC 4954
    text += "\nAUTH";
    for (const std::string& name : options_.auth_mechanisms) text += " " + name;
  }
  return reply;
}

}  // namespace pennypost::smtp
