// The command table, and the commands that are too small for a file of their own.

#include "base/text.h"
#include "smtp/command_table.h"
#include "smtp/server_session.h"

namespace pennypost::smtp {

const CommandRow* CommandRow::Find(std::string_view verb) {
  using S = ServerSession;
  static constexpr CommandRow kRows[] = {
      {"MAIL", "mail", &S::OnMail, kNeedsHello | kNoMail | kNeedsLogin},
      {"RCPT", "rcpt", &S::OnRcpt, kNeedsMail},
      {"DATA", "data", &S::OnData, kNeedsMail | kLastInPipeline},
      {"BDAT", "bdat", &S::OnBdat, kSwallowsOctets},
      {"EHLO", "ehlo", &S::OnEhlo, kNotInLmtp | kLastInPipeline},
      {"HELO", "helo", &S::OnHelo, kNotInLmtp | kLastInPipeline},
      {"LHLO", "lhlo", &S::OnEhlo, kOnlyInLmtp | kLastInPipeline},
      {"QUIT", "quit", &S::OnQuit, kLastInPipeline},
      {"RSET", "rset", &S::OnRset, kCountsAsJunk},
      {"STARTTLS", "starttls", &S::OnStartTls, kNeedsHello | kNoMail | kLastInPipeline},
      {"AUTH", "auth", &S::OnAuth, kNeedsHello | kNoMail | kLastInPipeline},
      {"NOOP", "noop", &S::OnNoop, kCountsAsJunk},
      {"VRFY", "vrfy", &S::OnVrfy, kCountsAsJunk},
      {"EXPN", "expn", &S::OnExpn, kCountsAsJunk},
      {"HELP", "help", &S::OnHelp, kCountsAsJunk},
      // Web browsers made to speak to mail ports (T7).
      {"GET", "http", &S::OnHttp, kNoFlags},
      {"POST", "http", &S::OnHttp, kNoFlags},
      {"PUT", "http", &S::OnHttp, kNoFlags},
      {"HEAD", "http", &S::OnHttp, kNoFlags},
      {"OPTIONS", "http", &S::OnHttp, kNoFlags},
      {"CONNECT", "http", &S::OnHttp, kNoFlags},
  };
  for (const CommandRow& row : kRows) {
    if (EqualsIgnoreCase(row.verb, verb)) return &row;
  }
  return nullptr;
}

bool ServerSession::IsAllowed(const CommandRow& row) {
  auto refuse = [this](int code, const char* enhanced, const char* text) {
    Reply({code, enhanced, text});
    return false;
  };
  bool lmtp = options_.mode == Mode::kLmtp;
  if ((row.flags & kNotInLmtp) && lmtp) return refuse(500, "5.5.1", "this is LMTP: say LHLO");
  if ((row.flags & kOnlyInLmtp) && !lmtp) return refuse(500, "5.5.1", "this is SMTP: say EHLO");
  if (row.flags & kCountsAsJunk) {
    if (++junk_ > options_.limits.junk) {
      Fail({421, "4.7.0", "too many commands without mail"}, CloseReason::kErrors);
      return false;
    }
  }
  if ((row.flags & kNeedsHello) && info_.helo.empty()) {
    return refuse(503, "5.5.1", lmtp ? "say LHLO first" : "say EHLO first");
  }
  if ((row.flags & kNeedsLogin) && options_.mode == Mode::kSubmission && !info_.authenticated) {
    bool tls_first = !info_.tls && options_.tls == TlsState::kOffered;
    return refuse(530, "5.7.0", tls_first ? "STARTTLS and AUTH first" : "AUTH first");
  }
  if ((row.flags & kNeedsMail) && !transaction_) return refuse(503, "5.5.1", "MAIL first");
  if ((row.flags & kNoMail) && transaction_) {
    return refuse(503, "5.5.1", "a mail transaction is open");
  }
  return true;
}

// RFC 5321 4.1.1.8
void ServerSession::OnHelp(std::string_view) {
  Reply({214, "2.0.0", "EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY STARTTLS AUTH QUIT; see RFC 5321"});
}

// RFC 5321 4.1.1.9
void ServerSession::OnNoop(std::string_view) {
  Reply({250, "2.0.0", "ok"});
}

// RFC 5321 4.1.1.5
void ServerSession::OnRset(std::string_view args) {
  if (!args.empty()) return Reply({501, "5.5.4", "RSET takes no argument"});
  transaction_.reset();
  Reply({250, "2.0.0", "ok"});
}

// RFC 5321 3.5.3: says nothing about who exists (S14).
void ServerSession::OnVrfy(std::string_view args) {
  if (args.empty()) return Reply({501, "5.5.4", "VRFY needs an argument"});
  Reply({252, "2.5.2", "send mail, and see"});
}

void ServerSession::OnExpn(std::string_view) {
  Reply({502, "5.5.1", "EXPN is not offered"});
}

// RFC 5321 4.1.1.10
void ServerSession::OnQuit(std::string_view args) {
  if (!args.empty()) return Reply({501, "5.5.4", "QUIT takes no argument"});
  Reply({221, "2.0.0", "bye"});
  CloseWith(CloseReason::kQuit);
}

void ServerSession::OnHttp(std::string_view) {
  Fail({554, "5.5.0", "this is a mail server"}, CloseReason::kNotSmtp);
}

// RFC 3207 4
void ServerSession::OnStartTls(std::string_view args) {
  if (info_.tls) return Reply({503, "5.5.1", "TLS is active"});
  if (options_.tls != TlsState::kOffered) return Reply({502, "5.5.1", "STARTTLS is not offered"});
  if (!args.empty()) return Reply({501, "5.5.4", "STARTTLS takes no argument"});
  Reply({220, "2.0.0", "ready for TLS"});
  state_ = Upgrading{};
}

}  // namespace pennypost::smtp
