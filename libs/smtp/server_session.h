#pragma once
// The server side of SMTP (RFC 5321), message submission (RFC 6409) and LMTP (RFC 2033): one
// connection as a state machine over bytes.
//
//   for (;;) {
//     Step step = session.Next();
//     NeedInput  read from the peer, Feed()
//     Output     write it
//     Request    ask policy, Resume(outcome)
//     StartTls   upgrade, TlsStarted()
//     Close      close; the last output came before
//   }
//
// Feed() takes any split of the stream and may be called at any time; while a request is open the
// session only buffers, so replies keep the order of the commands. Not thread-safe; one driver owns
// it.
//
// Invariants:
//   Only CRLF.CRLF ends data; content with a lone CR, LF or NUL is read to its true end and refused
//   once (S1). BDAT n swallows exactly n octets, whatever is answered (S3). Bytes where the client
//   had to wait (before the greeting, after EHLO, DATA, STARTTLS, AUTH, QUIT) end the session (S4).
//   STARTTLS with buffered bytes ends the session; after it nothing said before counts (T1).
//   AUTH is neither offered nor taken without TLS (S18), and its arguments appear nowhere but in
//   the request. Memory is bounded by the line limit and what the driver feeds at once (S9).

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mail/header_meter.h"
#include "sasl/server.h"
#include "smtp/data_reader.h"
#include "smtp/limits.h"
#include "smtp/server_step.h"

namespace pennypost::smtp {

enum class Mode {
  kSmtp,        // from other servers: port 25
  kSubmission,  // from users: 587 and 465; mail only after TLS and AUTH
  kLmtp,        // RFC 2033: LHLO, one reply a recipient
};

enum class TlsState { kNone, kOffered, kActive };

struct SessionOptions {
  Mode mode = Mode::kSmtp;
  std::string hostname;
  TlsState tls = TlsState::kNone;            // kActive from the start on port 465
  std::vector<std::string> auth_mechanisms;  // empty: no AUTH
  bool auth_without_tls = false;             // for connections that never leave the machine
  BareLineFeeds bare_line_feeds = BareLineFeeds::kRefuse;
  bool smtputf8 = true;
  bool chunking = true;
  bool dsn = true;
  ServerLimits limits;
};

// What the session knows about itself, for policy and logs.
struct SessionInfo {
  Mode mode = Mode::kSmtp;
  bool tls = false;
  bool esmtp = false;  // EHLO or LHLO
  std::string helo;    // empty before it
  bool authenticated = false;
  std::string user;     // who gave the credentials
  std::string authzid;  // as whom to act, if not the user himself
};

// One answered command, for metrics.
struct Answered {
  std::string_view verb;  // of the command table, or "unknown", "greeting", "data-end"
  int code;
};

struct CommandRow;

class ServerSession {
 public:
  explicit ServerSession(SessionOptions options);
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  void Feed(std::string_view bytes);
  Step Next();
  void Resume(Outcome outcome);
  void TlsStarted();

  enum class When { kNow, kAtCommandBoundary };
  // Ends the session with `reply` (421): at once (timeout), or when no command and no message is
  // under way (drain).
  void Interrupt(SmtpReply reply, When when);

  // How long the driver lets the client be silent here (RFC 5321 4.5.3.2.7).
  absl::Duration IdleLimit() const;
  // True while content arrives: the driver then also watches the rate.
  bool InContent() const;
  // True from an accepted BeginMessage to its end or loss. Once false, the driver drops what it
  // holds of the content.
  bool ReceivingMessage() const;

  const SessionInfo& info() const { return info_; }
  // What was answered since the last call of ClearAnswered().
  const std::vector<Answered>& answered() const { return answered_; }
  void ClearAnswered() { answered_.clear(); }

 private:
  friend struct CommandRow;

  struct Greeting {};
  struct Command {};
  struct AuthExchange {
    std::string name;
    std::unique_ptr<sasl::ServerMechanism> mechanism;
  };
  struct Data {
    DataReader reader;
    bool done = false;
  };
  struct Chunk {
    uint64_t remaining = 0;
    uint64_t size = 0;
    bool last = false;
    std::optional<SmtpReply> failure;  // known before the octets are swallowed
  };
  struct Upgrading {};
  struct Closed {
    CloseReason reason;
  };
  using State = std::variant<Greeting, Command, AuthExchange, Data, Chunk, Upgrading, Closed>;

  // From MAIL to the end of data.
  struct Transaction {
    mail::Envelope envelope;
    mail::Recipient candidate;  // of the open CheckRecipient
    size_t recipients_tried = 0;
    bool begun = false;      // BeginMessage was accepted
    bool in_chunks = false;  // BDAT was used
    ChunkReader chunk_reader;
    mail::HeaderMeter header;
    uint64_t stored = 0;               // content handed over
    uint64_t received = 0;             // octets on the wire
    std::optional<SmtpReply> failure;  // the content is refused, the rest is only read
  };

  // server_session.cc
  bool Advance();
  bool ReadCommandLine();
  bool TakeLine(size_t limit, std::string_view& line, bool& well_ended);
  void OnCommand(std::string_view line);
  void Ask(Request request);
  void Reply(const SmtpReply& reply);
  void CloseWith(CloseReason reason);
  void Fail(const SmtpReply& reply, CloseReason reason);
  bool RefuseEarlyInput();
  void OnLongLine();
  size_t Buffered() const { return in_.size() - at_; }
  void OnPeer(Outcome& outcome);
  // The reply of an outcome that is no Accept; nothing for an Accept.
  static const SmtpReply* Refusal(const Outcome& outcome);
  template <typename T>
  bool In() const {
    return std::holds_alternative<T>(state_);
  }

  // server_commands.cc
  bool IsAllowed(const CommandRow& row);
  void OnHelp(std::string_view args);
  void OnNoop(std::string_view args);
  void OnRset(std::string_view args);
  void OnVrfy(std::string_view args);
  void OnExpn(std::string_view args);
  void OnQuit(std::string_view args);
  void OnHttp(std::string_view args);
  void OnStartTls(std::string_view args);

  // server_hello.cc
  void OnEhlo(std::string_view args);
  void OnHelo(std::string_view args);
  void AskHelo(std::string_view args);
  void OnHeloChecked(Outcome& outcome);
  SmtpReply EhloReply() const;
  bool MayOfferAuth() const;

  // server_envelope.cc
  void OnMail(std::string_view args);
  void OnSenderChecked(Outcome& outcome);
  void OnRcpt(std::string_view args);
  void OnRecipientChecked(Outcome& outcome);

  // server_auth.cc
  void OnAuth(std::string_view args);
  void OnAuthLine(std::string_view line);
  void OnAuthStep(sasl::ServerStep step);
  void OnPasswordChecked(Outcome& outcome);
  void OnScramKeys(Outcome& outcome);
  void OnScramFinished(Outcome& outcome);
  void LogIn(const sasl::Success& identity, const std::optional<SmtpReply>& reply);
  void EndAuth(const SmtpReply& reply);

  // server_data.cc
  void OnData(std::string_view args);
  void OnBdat(std::string_view args);
  void OnBegun(Outcome& outcome);
  void OnChunkTaken(Outcome& outcome);
  void OnMessageEnded(Outcome& outcome);
  bool ReadData();
  bool ReadChunk();
  void TakeContent(std::string_view body);
  void EndChunk();
  void EndContent();

  enum class Open {
    kNothing,
    kPeer,
    kHelo,
    kPassword,
    kScramKeys,
    kScramFinished,
    kSender,
    kRecipient,
    kBegin,
    kChunk,
    kEnd,
  };

  SessionOptions options_;
  SessionInfo info_;
  State state_ = Greeting{};
  std::optional<Transaction> transaction_;
  std::optional<Request> request_;  // to be returned by Next()
  Open open_ = Open::kNothing;
  std::string_view verb_ = "greeting";
  std::string candidate_helo_;
  bool candidate_esmtp_ = false;
  ScramFinished candidate_login_;
  std::optional<SmtpReply> interrupt_;

  std::string in_;
  size_t at_ = 0;            // consumed of in_
  size_t scanned_ = 0;       // no LF in in_ before this
  bool discarding_ = false;  // inside a line over the limit
  std::string out_;
  std::string sent_;
  int errors_ = 0;
  int junk_ = 0;
  int long_lines_ = 0;
  std::vector<Answered> answered_;
};

}  // namespace pennypost::smtp
