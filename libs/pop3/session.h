#pragma once
// The server side of a POP3 connection (RFC 1939, 2449, 2595, 5034): bytes in, requests and bytes
// out.
//
// Life cycle as in imap::ServerSession: Feed, obey Next(), answer a Request with Resume.
//
// Invariants
//   - The maildrop is a snapshot: numbers, sizes and unique ids do not change during a session.
//   - DELE takes effect at QUIT and only there (RFC 1939 6); a lost connection deletes nothing.
//   - STLS with bytes buffered behind it ends the session (RFC 2595 4).
//   - No password is taken on a connection without TLS, unless the options say so.

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pop3/dot_stuffer.h"
#include "pop3/line_reader.h"
#include "sasl/server.h"

namespace pennypost::pop3 {

struct SessionOptions {
  std::string host = "localhost";
  bool tls = false;
  bool stls = true;
  bool allow_plaintext = false;
  absl::Duration login_limit = absl::Seconds(60);  // silence before login
  absl::Duration idle_limit =
      absl::Minutes(10);   // and after it: RFC 1939 3 wants ten minutes at least
  std::string sasl_nonce;  // replaces SCRAM's random nonce in tests
};

struct Message {
  uint32_t uid = 0;
  uint64_t size = 0;
};

// Requests
struct CheckPassword {
  std::string user;
  std::string password;
};
struct FetchScramKeys {
  std::string user;
};
struct FinishScram {
  std::string user;
  bool success = false;
};
struct OpenMaildrop {};
// Bytes of a message from `offset` on, as many as are handy.
struct ReadMessage {
  uint32_t uid = 0;
  uint64_t offset = 0;
};
struct DeleteMessages {
  std::vector<uint32_t> uids;
};
using Request = std::variant<CheckPassword, FetchScramKeys, FinishScram, OpenMaildrop, ReadMessage,
                             DeleteMessages>;

// Outcomes
struct Accepted {};  // CheckPassword, FinishScram, DeleteMessages
struct ScramKeysFound {
  sasl::ScramKeys keys;
};
struct Maildrop {
  uint32_t uid_validity = 0;
  std::vector<Message> messages;
};
struct MessageBytes {
  std::string bytes;
  bool last = false;
};
// "-ERR [SYS/TEMP] text"
struct Refused {
  std::string code;
  std::string text;
};
using Outcome = std::variant<Accepted, ScramKeysFound, Maildrop, MessageBytes, Refused>;

struct NeedInput {};
struct Output {
  std::string bytes;
};
struct StartTls {};
struct CloseConnection {
  std::string reason;
};
using Step = std::variant<NeedInput, Output, Request, StartTls, CloseConnection>;

class ServerSession {
 public:
  explicit ServerSession(SessionOptions options) : options_(std::move(options)) {}

  void Feed(std::string_view bytes) { lines_.Feed(bytes); }
  Step Next();
  void Resume(Outcome outcome);
  void TlsStarted();
  // -ERR [SYS/TEMP] at the next command boundary, then close.
  void Shutdown(std::string_view text) { shutdown_ = std::string(text); }
  absl::Duration IdleLimit() const;
  bool authenticated() const { return std::holds_alternative<Transaction>(state_); }
  bool tls() const { return options_.tls; }

 private:
  struct Authorization {
    std::string user;  // of USER, waiting for PASS
  };
  struct Transaction {
    uint32_t uid_validity = 0;
    std::vector<Message> messages;
    std::vector<bool> deleted;
  };
  using State = std::variant<Authorization, Transaction>;

  // What the next line or outcome is for.
  struct Commands {};
  struct AuthExchange {
    std::unique_ptr<sasl::ServerMechanism> mechanism;  // nullptr for PASS
    std::string user;
    std::string authzid;
    bool failed = false;
  };
  struct Sending {
    uint32_t uid = 0;
    uint64_t offset = 0;
    DotStuffer stuffer;
    std::string first_line;  // goes out with the first bytes
  };
  struct Quitting {};
  struct TlsHandshake {};
  struct Closed {
    std::string reason;
  };
  using Mode = std::variant<Commands, AuthExchange, Sending, Quitting, TlsHandshake, Closed>;

  struct Row;
  static const Row kTable[];

  bool PasswordsAllowed() const { return options_.tls || options_.allow_plaintext; }
  bool ReadLine();
  void HandleCommand(std::string_view line);
  void HandleAuthLine(const LineReader::Line& line);
  void SaslStep(sasl::ServerStep step);
  void FinishAuth(std::string_view code, std::string_view text);
  void ResumeAuth(Outcome outcome);
  void ResumeSending(Outcome outcome);

  void Good(std::string_view text);
  void Bad(std::string_view text, std::string_view code = "");

  void DoCapa(std::string_view);
  void DoStls(std::string_view);
  void DoUtf8(std::string_view);
  void DoUser(std::string_view);
  void DoPass(std::string_view);
  void DoAuth(std::string_view);
  void DoQuit(std::string_view);
  void DoNoop(std::string_view);
  void DoStat(std::string_view);
  void DoList(std::string_view);
  void DoUidl(std::string_view);
  void DoRetr(std::string_view);
  void DoTop(std::string_view);
  void DoDele(std::string_view);
  void DoRset(std::string_view);

  // The index a message number names, or nothing with the complaint already written.
  std::optional<size_t> Index(std::string_view argument);
  void Send(size_t index, std::optional<uint64_t> body_lines, std::string first_line);
  std::string UniqueId(size_t index) const;
  // LIST and UIDL differ only in what stands behind the number.
  void ListEach(std::string_view argument, std::string (ServerSession::*value)(size_t) const);
  std::string SizeOf(size_t index) const;

  SessionOptions options_;
  LineReader lines_;
  State state_ = Authorization{};
  Mode mode_ = Commands{};
  std::string out_;
  std::optional<Request> request_;
  std::optional<std::string> shutdown_;
  bool waiting_ = false;
  bool greeted_ = false;
  bool tls_due_ = false;
  int failures_ = 0;
};

}  // namespace pennypost::pop3
