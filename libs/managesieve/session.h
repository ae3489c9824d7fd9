#pragma once
// The server side of a ManageSieve connection (RFC 5804): bytes in, requests and bytes out.
//
// Life cycle as in imap::ServerSession: Feed, obey Next(), answer a Request with Resume.
//
// Invariants
//   - One request at a time: answers come in the order of the commands (RFC 5804 1.4).
//   - STARTTLS with bytes buffered behind it ends the session (RFC 5804 2.2).
//   - No password is taken on a connection without TLS, unless the options say so.
//   - Of scripts only one command is held, at most SessionOptions::max_script and a line.

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "managesieve/lexer.h"
#include "sasl/server.h"

namespace pennypost::managesieve {

struct SessionOptions {
  bool tls = false;
  bool starttls = true;
  bool allow_plaintext = false;
  std::string extensions;  // of Sieve, by spaces
  uint32_t max_redirects = 4;
  uint64_t max_script = 1 << 20;
  absl::Duration login_limit = absl::Seconds(60);  // silence before login
  absl::Duration idle_limit = absl::Minutes(30);   // and after it: RFC 5804 1.2 wants 30 at least
  std::string sasl_nonce;                          // replaces SCRAM's random nonce in tests
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
// UNAUTHENTICATE: forget who logged in.
struct ForgetLogin {};
struct HaveSpace {
  std::string name;
  uint64_t size = 0;
};
struct PutScript {
  std::string name;
  std::string content;
};
struct CheckScript {
  std::string content;
};
struct ListScripts {};
struct SetActive {
  std::string name;  // empty: none
};
struct GetScript {
  std::string name;
};
struct DeleteScript {
  std::string name;
};
struct RenameScript {
  std::string from;
  std::string to;
};
using Request =
    std::variant<CheckPassword, FetchScramKeys, FinishScram, ForgetLogin, HaveSpace, PutScript,
                 CheckScript, ListScripts, SetActive, GetScript, DeleteScript, RenameScript>;

// Outcomes
struct Accepted {};
struct ScramKeysFound {
  sasl::ScramKeys keys;
};
struct LoggedIn {
  std::string owner;  // for the capability OWNER
};
struct ScriptList {
  struct Item {
    std::string name;
    bool active = false;
  };
  std::vector<Item> scripts;
};
struct ScriptContent {
  std::string bytes;
};
// "NO (TRYLATER) "text"". Of several lines where a script has several errors.
struct Refused {
  std::string code;
  std::string text;
};
using Outcome =
    std::variant<Accepted, ScramKeysFound, LoggedIn, ScriptList, ScriptContent, Refused>;

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

  void Feed(std::string_view bytes) { lexer_.Feed(bytes); }
  Step Next();
  void Resume(Outcome outcome);
  void TlsStarted();
  // BYE (TRYLATER) at the next command boundary, then close.
  void Shutdown(std::string_view text) { shutdown_ = std::string(text); }
  absl::Duration IdleLimit() const;
  bool authenticated() const { return authenticated_; }
  bool tls() const { return options_.tls; }

 private:
  using Arguments = std::vector<Token>;

  // What the next line or outcome is for.
  struct Commands {};
  struct AuthExchange {
    std::unique_ptr<sasl::ServerMechanism> mechanism;
    std::string user;
    std::string authzid;
    bool failed = false;
  };
  struct TlsHandshake {};
  struct Closed {
    std::string reason;
  };
  using Mode = std::variant<Commands, AuthExchange, TlsHandshake, Closed>;

  struct Row;
  static const Row kTable[];

  bool PasswordsAllowed() const { return options_.tls || options_.allow_plaintext; }
  bool ReadLine();
  void Handle(Lexer::Event event);
  void HandleCommand(std::vector<Token> tokens);
  void HandleAuthLine(const std::vector<Token>& tokens);
  void SaslStep(sasl::ServerStep step);
  void ResumeAuth(Outcome outcome);
  void EndAuth(std::string_view text, std::string_view code = "");
  void WriteCapabilities();

  void Ok(std::string_view text, std::string_view code = "");
  void No(std::string_view text, std::string_view code = "");
  void Bye(std::string_view text, std::string reason, std::string_view code = "");

  void DoAuthenticate(Arguments arguments);
  void DoStartTls(Arguments arguments);
  void DoLogout(Arguments arguments);
  void DoCapability(Arguments arguments);
  void DoNoop(Arguments arguments);
  void DoUnauthenticate(Arguments arguments);
  void DoHaveSpace(Arguments arguments);
  void DoPutScript(Arguments arguments);
  void DoCheckScript(Arguments arguments);
  void DoListScripts(Arguments arguments);
  void DoSetActive(Arguments arguments);
  void DoGetScript(Arguments arguments);
  void DoDeleteScript(Arguments arguments);
  void DoRenameScript(Arguments arguments);

  SessionOptions options_;
  Lexer lexer_;
  Mode mode_ = Commands{};
  std::string owner_;
  std::string out_;
  std::optional<Request> request_;
  std::optional<std::string> shutdown_;
  bool authenticated_ = false;
  bool waiting_ = false;
  bool greeted_ = false;
  bool tls_due_ = false;
  int failures_ = 0;
};

// A string as the server writes it: quoted where that is possible, else a literal.
std::string ToString(std::string_view text);

}  // namespace pennypost::managesieve
