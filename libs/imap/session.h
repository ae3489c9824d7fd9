#pragma once
// The server side of an IMAP connection (RFC 9051, RFC 3501): bytes in, requests and bytes out.
//
// Life cycle: Feed what was read, then obey Next() until it says NeedInput. A Request stays open
// until Resume; meanwhile bytes are only buffered. One thread at a time; no sockets, no clocks.
//
// Invariants
//   - Answers come in the order of the commands, whatever was pipelined.
//   - STARTTLS with bytes buffered behind it ends the session (RFC 9051 11.1, CVE-2021-33515).
//   - No password is taken on a connection without TLS, unless the options say so.
//   - The message of a command that failed to parse holds nothing of the command.
//   - EXPUNGE is never sent during FETCH, STORE or SEARCH (RFC 9051 7.5.1).
//   - After ENABLE UIDONLY no sequence number is taken or said, but for EXISTS (RFC 9586).
//   - Trouble of a backend never ends as a wrong password: it comes in as a Result and goes out as
//   it is.

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "imap/command.h"
#include "imap/commands.h"
#include "imap/lexer.h"
#include "imap/mailbox_view.h"
#include "imap/search_updates.h"
#include "sasl/server.h"

namespace pennypost::imap {

struct SessionOptions {
  std::string host = "localhost";
  bool tls = false;               // the connection is already protected
  bool starttls = true;           // and can be, if it is not
  bool allow_plaintext = false;   // passwords without TLS; for loopback and tests
  size_t max_message = 50 << 20;  // APPEND
  size_t save_limit = 100'000;    // messages of one COPY or APPEND (SAVELIMIT of RFC 9738)
  absl::Duration login_limit = absl::Seconds(60);  // silence before login
  absl::Duration idle_limit =
      absl::Minutes(30);   // and after it: RFC 9051 5.4 wants 30 minutes at least
  std::string sasl_nonce;  // replaces SCRAM's random nonce in tests
};

// The tagged answer of a command: "OK", a response code in brackets or nothing, a text.
struct Result {
  enum class Kind { kOk, kNo, kBad };
  Kind kind = Kind::kOk;
  std::string code;  // "TRYCREATE"
  std::string text;
};
Result Ok(std::string text, std::string code = "");
Result No(std::string text, std::string code = "");
Result Bad(std::string text, std::string code = "");

// Requests
struct CheckPassword {
  std::string user;
  std::string password;
};
struct FetchScramKeys {
  std::string user;
};
// A SCRAM exchange ended. On success the answer is LoggedIn or a refusal, on failure any Done.
struct FinishScram {
  std::string user;
  bool success = false;
};
struct RunCommand {
  std::string tag;
  const CommandRow* row = nullptr;
  CommandBody body;
};
using Request = std::variant<CheckPassword, FetchScramKeys, FinishScram, RunCommand>;

// Outcomes
struct LoggedIn {};
struct ScramKeysFound {
  sasl::ScramKeys keys;
};
struct Selection {
  MailboxView view;
  bool read_only = false;
};
// The answer to RunCommand, or a refusal of any other request.
struct Done {
  std::string untagged;
  Result result;
  std::optional<Selection> selection;  // of SELECT and EXAMINE
  // Sequence numbers were told: EXPUNGE waits for the next command, whatever the table says.
  bool hold_expunges = false;
};
using Outcome = std::variant<LoggedIn, ScramKeysFound, Done>;

// Steps
struct NeedInput {};
struct Output {
  std::string bytes;
};
struct StartTls {};          // shake hands, then call TlsStarted()
struct StartCompression {};  // all that follows, in both directions, is DEFLATE (RFC 4978)
struct CloseConnection {
  std::string reason;  // for the log
};
using Step = std::variant<NeedInput, Output, Request, StartTls, StartCompression, CloseConnection>;

// What the client switched on (RFC 9051 6.3.1, RFC 7162 3.1 and 3.2.3).
struct Features {
  bool condstore = false;
  bool qresync = false;
  bool imap4rev2 = false;
  bool utf8 = false;     // UTF8=ACCEPT (RFC 6855)
  bool uidonly = false;  // no sequence numbers in either direction (RFC 9586)
  NameForm names() const { return imap4rev2 || utf8 ? NameForm::kUtf8 : NameForm::kUtf7; }
  // What messages are called in reports about them.
  Numbers numbers() const { return uidonly ? Numbers::kUid : Numbers::kSequence; }
};

class ServerSession {
 public:
  explicit ServerSession(SessionOptions options);

  void Feed(std::string_view bytes) { lexer_.Feed(bytes); }
  // What is held of commands that are not complete.
  size_t buffered() const { return lexer_.buffered(); }
  Step Next();
  void Resume(Outcome outcome);
  void TlsStarted();

  // BYE at the next command boundary, then Close. For drains and idle limits.
  void Shutdown(std::string_view text);

  // How long the peer may stay silent now; the driver owns the timer.
  absl::Duration IdleLimit() const;

  // IDLE runs, or listening(): the driver waits for changes, puts them into view() and calls
  // PushUpdates().
  bool idling() const { return std::holds_alternative<Idling>(mode_); }
  void PushUpdates();

  bool authenticated() const { return !std::holds_alternative<NotAuthenticated>(state_); }
  bool tls() const { return options_.tls; }
  size_t max_message() const { return options_.max_message; }
  size_t save_limit() const { return options_.save_limit; }
  const Features& features() const { return features_; }
  void EnableCondstore() { features_.condstore = true; }
  // nullptr unless a mailbox is selected.
  MailboxView* view();
  bool read_only() const;
  // The same; searches the client keeps, which end with the selection.
  SearchUpdates* search_updates();
  // What the client has to hear about the selected mailbox and of its searches; it counts as told.
  std::string TakeUpdates(Expunges expunges);
  // What the last NOTIFY asked for (RFC 5465); nullptr before the first one.
  const Notify* notify() const { return notify_ ? &*notify_ : nullptr; }
  void SetNotify(Notify notify) { notify_ = std::move(notify); }
  // The events of the selected mailbox that it asked for; nullptr for none.
  const NotifyGroup* selected_events() const;
  // News of any mailbox are welcome now, be it between two commands.
  bool listening() const;
  // The form of flag reports now.
  MailboxView::UpdateForm update_form() const {
    // RFC 5465 5.1: FLAGS with UID.
    bool uid = (features_.imap4rev2 || features_.qresync || notify_) && !features_.uidonly;
    return {features_.condstore, uid, features_.qresync || features_.uidonly, features_.numbers()};
  }

  // The capabilities at this point, without "CAPABILITY".
  std::string Capabilities() const;

 private:
  struct NotAuthenticated {};
  struct Authenticated {};
  struct Selected {
    MailboxView view;
    bool read_only = false;
    SearchUpdates updates = {};
  };
  using State = std::variant<NotAuthenticated, Authenticated, Selected>;

  // What the next bytes or the next outcome are for.
  struct Commands {};
  struct AuthExchange {  // a login is under way
    std::string tag;
    std::unique_ptr<sasl::ServerMechanism> mechanism;  // nullptr for LOGIN
    std::string user;
    std::string authzid;
    bool scram_failed = false;
  };
  struct Idling {
    std::string tag;
  };
  struct Running {
    std::string tag;
    const CommandRow* row = nullptr;
  };
  struct TlsHandshake {};
  struct Closed {
    std::string reason;
  };
  using Mode = std::variant<Commands, AuthExchange, Idling, Running, TlsHandshake, Closed>;

  unsigned StateBit() const;
  Limits CurrentLimits() const;
  bool PasswordsAllowed() const { return options_.tls || options_.allow_plaintext; }

  // Each handles one event and returns false when more bytes are due.
  bool ReadCommand();
  bool ReadAuthLine();
  bool ReadIdleLine();

  void HandleCommand(std::string text);
  void HandleUnparsed(std::string tag, const absl::Status& status);
  void RunLocal(std::string tag, const CommandRow& row, CommandBody body);
  absl::Status CheckFeatures(const CommandBody& body) const;
  bool ReusesTag(std::string_view tag, const CommandBody& body);
  void CountBad();

  void DoId(const std::string& tag);
  void DoStartTls(const std::string& tag);
  void DoLogin(std::string tag, Login login);
  void DoAuthenticate(std::string tag, Authenticate authenticate);
  void DoEnable(const std::string& tag, const Enable& enable);
  void DoLogout(const std::string& tag);
  void DoUnselect(const std::string& tag);
  void DoCancelUpdate(const std::string& tag, const CancelUpdate& cancel);
  void DoCompress(const std::string& tag, const Compress& compress);

  void SaslStep(sasl::ServerStep step);
  void ResumeAuth(Outcome outcome);
  void ResumeCommand(Done done);
  void FinishAuth(const Result& result);

  std::string TakeUpdatesButFlags(Expunges expunges);
  void Untagged(std::string_view text);
  void Tagged(std::string_view tag, const Result& result);
  void Bye(std::string_view text, std::string_view reason);

  SessionOptions options_;
  Lexer lexer_;
  State state_ = NotAuthenticated{};
  Mode mode_ = Commands{};
  Features features_;
  std::optional<Notify> notify_;
  std::string out_;
  std::optional<Request> request_;  // raised, not yet taken by Next
  bool waiting_ = false;            // a request was taken and not answered
  bool greeted_ = false;
  bool tls_due_ = false;       // StartTls was not yet returned
  bool compress_due_ = false;  // the same for StartCompression
  bool compressed_ = false;
  int bad_commands_ = 0;
  std::optional<std::string> shutdown_;
};

}  // namespace pennypost::imap
