#pragma once
// The client side of SMTP (RFC 5321) and LMTP (RFC 2033): one connection to another server, for
// many messages.
//
//   for (;;) {
//     ClientStep step = session.Next();
//     NeedInput    read from the peer and Feed(); Lost() at its end or a timeout
//     Output       write it
//     StartTls     upgrade, then TlsStarted(); or TlsFailed()
//     Ready        Send(envelope, size), or Quit()
//     NeedContent  Content(piece), or ContentEnd()
//     Finished     what became of the message; Ready or Closed follows
//     Closed       the connection is of no more use
//   }
//
// What the remote server says is data (mail::SmtpReply), never an error of ours. Not thread-safe.
//
// Invariants:
//   STARTTLS with buffered bytes ends the session, and after it EHLO is said again (T2).
//   No byte goes out after an answer is impossible: a message whose end of data was sent without an
//   answer is reported with end_sent, since it may have been accepted (RFC 1047). Content leaves
//   through DotWriter only (S2).

#include <absl/time/time.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mail/envelope.h"
#include "mail/smtp_reply.h"
#include "sasl/client.h"
#include "smtp/dot_writer.h"
#include "smtp/limits.h"
#include "smtp/reply_reader.h"

namespace pennypost::smtp {

// Where in the conversation something was said.
enum class Stage { kGreeting, kHello, kStartTls, kAuth, kMail, kRcpt, kData, kEndOfData };

enum class ClientTls {
  kNever,
  kOpportunistic,  // where it is offered
  kRequired,       // else the session fails before any mail
  kActive,         // from the start
};

struct ClientOptions {
  bool lmtp = false;
  std::string helo;
  ClientTls tls = ClientTls::kOpportunistic;
  std::optional<sasl::ClientCredentials>
      login;  // only ever used over TLS, unless login_without_tls
  bool login_without_tls = false;
  size_t pipeline = 100;  // commands on their way at most
  ClientLimits limits;
};

// What EHLO told.
struct ServerFeatures {
  bool esmtp = false;
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool smtputf8 = false;
  bool dsn = false;
  bool starttls = false;
  bool size = false;
  uint64_t max_size = 0;  // 0: not told
  std::vector<std::string> auth;
};

struct RecipientResult {
  mail::SmtpReply reply;  // code 0: the connection ended before one came
  Stage stage = Stage::kMail;

  bool IsDelivered() const { return stage == Stage::kEndOfData && reply.code / 100 == 2; }
};

struct MessageResult {
  std::vector<RecipientResult> recipients;  // in the order of the envelope
  // The end of data was sent. A recipient with stage kEndOfData and no reply may or may not have
  // the message.
  bool end_sent = false;
  // The content held a lone CR or LF or a NUL, and was changed on its way.
  bool content_changed = false;
};

// Why the session is over.
struct SessionEnd {
  enum class Kind {
    kQuit,       // all is well
    kRefused,    // by a reply of the server: in `reply`
    kLost,       // the connection ended
    kProtocol,   // what came is no SMTP, or came where nothing was due
    kNoTls,      // TLS is required and not to be had
    kTlsFailed,  // the handshake failed
    kNoLogin,    // no mechanism of ours is offered, or the server could not prove itself
  };
  Kind kind = Kind::kQuit;
  Stage stage = Stage::kGreeting;
  mail::SmtpReply reply;
};

struct ClientNeedInput {};
struct ClientOutput {
  std::string_view bytes;  // valid until the next call of Next()
};
struct ClientStartTls {};
struct ClientReady {};
struct ClientNeedContent {};
struct ClientFinished {
  MessageResult result;
};
struct ClientClosed {
  SessionEnd end;
};
using ClientStep = std::variant<ClientNeedInput, ClientOutput, ClientStartTls, ClientReady,
                                ClientNeedContent, ClientFinished, ClientClosed>;

class ClientSession {
 public:
  explicit ClientSession(ClientOptions options);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  void Feed(std::string_view bytes);
  ClientStep Next();

  void TlsStarted();
  void TlsFailed();
  // The connection ended, or a timeout struck.
  void Lost();

  // In Ready. `envelope` must live until Finished. `size` is that of the content, for SIZE=.
  void Send(const mail::Envelope& envelope, uint64_t size);
  void Quit();
  // In NeedContent.
  void Content(std::string_view piece);
  void ContentEnd();

  // How long to wait for the server here (RFC 5321 4.5.3.2).
  absl::Duration IdleLimit() const;
  const ServerFeatures& features() const { return features_; }
  bool tls() const { return tls_; }

 private:
  enum class State {
    kGreeting,
    kEhlo,
    kHelo,
    kStartTls,
    kUpgrading,
    kAuth,
    kReady,
    kEnvelope,
    kContent,
    kEnding,
    kQuitting,
    kClosed,
  };
  // A command of the envelope whose reply is due.
  struct Due {
    enum class Kind { kRset, kMail, kRcpt, kData } kind;
    size_t recipient = 0;
  };

  void OnReply(mail::SmtpReply reply);
  void Command(std::string_view line);
  void End(SessionEnd::Kind kind, const mail::SmtpReply& reply = {});
  Stage CurrentStage() const;

  // client_session.cc
  void OnGreeting(const mail::SmtpReply& reply);
  void OnEhlo(const mail::SmtpReply& reply);
  void OnHelo(const mail::SmtpReply& reply);
  void OnStartTls(const mail::SmtpReply& reply);
  void OnAuth(const mail::SmtpReply& reply);
  void AfterHello();
  void BeginAuth();
  void SayHello();

  // client_message.cc
  bool RefuseLocally(uint64_t size);
  void Pump();
  void SendMail();
  void SendRcpt(size_t index);
  void OnEnvelopeReply(mail::SmtpReply reply);
  void OnMailReply(const mail::SmtpReply& reply);
  void OnDataReply(const mail::SmtpReply& reply);
  void OnEndReply(const mail::SmtpReply& reply);
  void Settle(const mail::SmtpReply& reply, Stage stage);
  void Finish();

  ClientOptions options_;
  ServerFeatures features_;
  State state_ = State::kGreeting;
  bool tls_ = false;
  std::unique_ptr<sasl::ClientMechanism> mechanism_;
  SessionEnd end_;

  // The message under way.
  const mail::Envelope* envelope_ = nullptr;
  uint64_t size_ = 0;
  MessageResult result_;
  std::vector<bool> settled_;  // the recipient has its final result
  size_t accepted_ = 0;        // by RCPT, and not settled
  std::deque<Due> due_;
  size_t next_command_ = 0;  // 0 MAIL, 1..n RCPT, n+1 DATA, n+2 none
  bool mail_refused_ = false;
  bool needs_rset_ = false;
  std::deque<size_t> lmtp_due_;  // recipients in the order of their last replies
  DotWriter writer_;
  std::optional<MessageResult> finished_;

  ReplyReader replies_;
  std::string in_;
  size_t at_ = 0;
  std::string out_;
  std::string sent_;
};

// Reads the lines of an EHLO reply.
ServerFeatures ParseFeatures(const mail::SmtpReply& reply);

}  // namespace pennypost::smtp
