#include "managesieve/session.h"

#include <fmt/format.h>

#include "base/text.h"

namespace pennypost::managesieve {
namespace {

constexpr int kMaxFailures = 5;
constexpr size_t kMaxOutput = 64 << 10;
constexpr size_t kMaxQuoted = 1024;

}  // namespace

std::string ToString(std::string_view text) {
  bool plain = text.size() <= kMaxQuoted && IsUtf8(text);
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    plain = plain && byte >= 0x20 && byte != 0x7F;
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  if (plain) return out + "\"";
  return fmt::format("{{{}}}\r\n{}", text.size(), text);
}

// The command table.
struct ServerSession::Row {
  std::string_view verb;
  bool before_login;
  bool after_login;
  std::string_view arguments;  // s string, n number, ? before what may be left out
  void (ServerSession::*run)(Arguments arguments);
};
const ServerSession::Row ServerSession::kTable[] = {
    {"AUTHENTICATE", true, false, "s?s", &ServerSession::DoAuthenticate},
    {"STARTTLS", true, false, "", &ServerSession::DoStartTls},
    {"LOGOUT", true, true, "", &ServerSession::DoLogout},
    {"CAPABILITY", true, true, "", &ServerSession::DoCapability},
    {"NOOP", true, true, "?s", &ServerSession::DoNoop},
    {"UNAUTHENTICATE", false, true, "", &ServerSession::DoUnauthenticate},
    {"HAVESPACE", false, true, "sn", &ServerSession::DoHaveSpace},
    {"PUTSCRIPT", false, true, "ss", &ServerSession::DoPutScript},
    {"CHECKSCRIPT", false, true, "s", &ServerSession::DoCheckScript},
    {"LISTSCRIPTS", false, true, "", &ServerSession::DoListScripts},
    {"SETACTIVE", false, true, "s", &ServerSession::DoSetActive},
    {"GETSCRIPT", false, true, "s", &ServerSession::DoGetScript},
    {"DELETESCRIPT", false, true, "s", &ServerSession::DoDeleteScript},
    {"RENAMESCRIPT", false, true, "ss", &ServerSession::DoRenameScript},
};

namespace {

bool Fits(std::string_view pattern, const std::vector<Token>& arguments) {
  size_t at = 0;
  bool optional = false;
  for (char c : pattern) {
    if (c == '?') {
      optional = true;
      continue;
    }
    if (at == arguments.size()) return optional;
    auto kind = c == 's' ? Token::Kind::kString : Token::Kind::kNumber;
    if (arguments[at++].kind != kind) return false;
  }
  return at == arguments.size();
}

}  // namespace

Step ServerSession::Next() {
  if (!greeted_) {
    greeted_ = true;
    WriteCapabilities();
    Ok("Pennypost is ready");
  }
  // Replies to commands in one segment leave together.
  while (!request_ && !waiting_ && out_.size() < kMaxOutput) {
    if (shutdown_ && std::holds_alternative<Commands>(mode_))
      Bye(*std::exchange(shutdown_, std::nullopt), "shutdown", "TRYLATER");
    if (!ReadLine()) break;
  }
  if (!out_.empty()) return Output{std::exchange(out_, "")};
  if (request_) {
    waiting_ = true;
    Request request = std::move(*request_);
    request_.reset();
    return request;
  }
  if (std::exchange(tls_due_, false)) return StartTls{};
  if (auto* closed = std::get_if<Closed>(&mode_)) return CloseConnection{closed->reason};
  return NeedInput{};
}

bool ServerSession::ReadLine() {
  bool auth = std::holds_alternative<AuthExchange>(mode_);
  if (!auth && !std::holds_alternative<Commands>(mode_)) return false;
  Limits limits;
  // Nobody sends a script before he is known.
  if (authenticated_) limits.max_literal = options_.max_script;
  if (!authenticated_) limits.max_drain = limits.max_literal;
  limits.max_line = std::max(limits.max_line, sasl::kMaxResponseLine + 2);
  Lexer::Event event = lexer_.Next(limits);
  if (std::holds_alternative<Lexer::NeedMore>(event)) return false;
  Handle(std::move(event));
  return true;
}

void ServerSession::Handle(Lexer::Event event) {
  if (auto* fatal = std::get_if<Lexer::Fatal>(&event)) return Bye(fatal->text, fatal->text);
  auto* refused = std::get_if<Lexer::Refused>(&event);
  if (std::holds_alternative<AuthExchange>(mode_)) {
    if (refused != nullptr) return EndAuth(refused->text);
    return HandleAuthLine(std::get<Lexer::Line>(event).tokens);
  }
  if (refused != nullptr)
    return refused->too_big ? No("The script is too large", "QUOTA/MAXSIZE") : No(refused->text);
  HandleCommand(std::move(std::get<Lexer::Line>(event).tokens));
}

void ServerSession::HandleCommand(std::vector<Token> tokens) {
  if (tokens.empty()) return No("Empty command");
  if (tokens[0].kind != Token::Kind::kWord) return No("Unknown command");
  std::string verb = ToUpper(tokens[0].text);
  tokens.erase(tokens.begin());
  for (const Row& row : kTable) {
    if (row.verb != verb) continue;
    if (!(authenticated_ ? row.after_login : row.before_login))
      return No(authenticated_ ? "Not after login" : "Log in first");
    if (!Fits(row.arguments, tokens)) return No("Wrong arguments of " + verb);
    return (this->*row.run)(std::move(tokens));
  }
  No("Unknown command");
}

void ServerSession::Resume(Outcome outcome) {
  waiting_ = false;
  if (std::holds_alternative<AuthExchange>(mode_)) return ResumeAuth(std::move(outcome));
  if (auto* refused = std::get_if<Refused>(&outcome)) return No(refused->text, refused->code);
  if (auto* list = std::get_if<ScriptList>(&outcome)) {
    for (const ScriptList::Item& script : list->scripts)
      out_ += ToString(script.name) + (script.active ? " ACTIVE\r\n" : "\r\n");
    return Ok("");
  }
  if (auto* content = std::get_if<ScriptContent>(&outcome)) {
    // A literal whatever it is: clients do not expect a script in quotes.
    out_ += fmt::format("{{{}}}\r\n{}\r\n", content->bytes.size(), content->bytes);
  }
  Ok("");
}

void ServerSession::TlsStarted() {
  options_.tls = true;
  lexer_.Clear();
  mode_ = Commands{};
  // RFC 5804 2.2: the capabilities again, now that nobody can have changed them.
  WriteCapabilities();
  Ok("TLS is on");
}

absl::Duration ServerSession::IdleLimit() const {
  return authenticated_ ? options_.idle_limit : options_.login_limit;
}

void ServerSession::Ok(std::string_view text, std::string_view code) {
  out_ += "OK";
  if (!code.empty()) out_ += fmt::format(" ({})", code);
  if (!text.empty()) out_ += " " + ToString(text);
  out_ += "\r\n";
}

void ServerSession::No(std::string_view text, std::string_view code) {
  out_ += code.empty() ? "NO " : fmt::format("NO ({}) ", code);
  out_ += ToString(text) + "\r\n";
  if (++failures_ < (authenticated_ ? 20 * kMaxFailures : kMaxFailures)) return;
  if (std::holds_alternative<Commands>(mode_)) Bye("Too many errors", "too many errors");
}

void ServerSession::Bye(std::string_view text, std::string reason, std::string_view code) {
  out_ += code.empty() ? "BYE " : fmt::format("BYE ({}) ", code);
  out_ += ToString(text) + "\r\n";
  mode_ = Closed{std::move(reason)};
}

}  // namespace pennypost::managesieve
