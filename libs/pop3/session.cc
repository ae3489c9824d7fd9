#include "pop3/session.h"

#include <fmt/format.h>

#include "base/text.h"

namespace pennypost::pop3 {
namespace {

// RFC 2449 4: a command is at most 255 octets; passwords may be longer with us.
constexpr size_t kMaxLine = 1024;
constexpr int kMaxFailures = 5;
constexpr size_t kMaxOutput = 64 << 10;

bool IsHttp(std::string_view line) {
  for (std::string_view verb :
       {"GET /", "POST /", "PUT /", "HEAD /", "OPTIONS /", "CONNECT ", "DELETE /"}) {
    if (line.starts_with(verb)) return true;
  }
  return false;
}

}  // namespace

// The command table.
struct ServerSession::Row {
  std::string_view verb;
  bool before_login;
  bool after_login;
  bool argument;  // must have one
  void (ServerSession::*run)(std::string_view argument);
};
const ServerSession::Row ServerSession::kTable[] = {
    {"CAPA", true, true, false, &ServerSession::DoCapa},
    {"STLS", true, false, false, &ServerSession::DoStls},
    {"UTF8", true, false, false, &ServerSession::DoUtf8},
    {"USER", true, false, true, &ServerSession::DoUser},
    {"PASS", true, false, true, &ServerSession::DoPass},
    {"AUTH", true, false, true, &ServerSession::DoAuth},
    {"QUIT", true, true, false, &ServerSession::DoQuit},
    {"NOOP", false, true, false, &ServerSession::DoNoop},
    {"STAT", false, true, false, &ServerSession::DoStat},
    {"LIST", false, true, false, &ServerSession::DoList},
    {"UIDL", false, true, false, &ServerSession::DoUidl},
    {"RETR", false, true, true, &ServerSession::DoRetr},
    {"TOP", false, true, true, &ServerSession::DoTop},
    {"DELE", false, true, true, &ServerSession::DoDele},
    {"RSET", false, true, false, &ServerSession::DoRset},
};

Step ServerSession::Next() {
  if (!greeted_) {
    greeted_ = true;
    Good(options_.host + " ready");
  }
  // RFC 2449 6.8 PIPELINING: replies to commands in one segment leave together.
  while (!request_ && !waiting_ && out_.size() < kMaxOutput) {
    if (shutdown_ && std::holds_alternative<Commands>(mode_)) {
      Bad(*std::exchange(shutdown_, std::nullopt), "SYS/TEMP");
      mode_ = Closed{"shutdown"};
    }
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
  auto line = lines_.Next(auth ? sasl::kMaxResponseLine : kMaxLine);
  if (!line) return false;
  if (auth) {
    HandleAuthLine(*line);
  } else if (line->too_long) {
    Bad("Line too long");
  } else {
    HandleCommand(line->text);
  }
  return true;
}

void ServerSession::HandleCommand(std::string_view line) {
  if (!authenticated() && IsHttp(line)) {
    Bad("This is a POP3 server");
    mode_ = Closed{"http"};
    return;
  }
  size_t space = line.find(' ');
  std::string verb = ToUpper(line.substr(0, space));
  std::string_view argument = space == std::string_view::npos ? "" : line.substr(space + 1);
  for (const Row& row : kTable) {
    if (row.verb != verb) continue;
    if (!(authenticated() ? row.after_login : row.before_login)) return Bad("Not now");
    if (row.argument && Trim(argument).empty()) return Bad("Missing argument");
    return (this->*row.run)(argument);
  }
  Bad("Unknown command");
}

void ServerSession::Resume(Outcome outcome) {
  waiting_ = false;
  if (std::holds_alternative<AuthExchange>(mode_)) return ResumeAuth(std::move(outcome));
  if (std::holds_alternative<Sending>(mode_)) return ResumeSending(std::move(outcome));
  if (!std::holds_alternative<Quitting>(mode_)) return;
  auto* refused = std::get_if<Refused>(&outcome);
  // RFC 1939 6: not all may have been removed; the connection ends all the same.
  if (refused) Bad(refused->text, refused->code);
  if (!refused) Good("Bye");
  mode_ = Closed{"quit"};
}

void ServerSession::TlsStarted() {
  options_.tls = true;
  lines_.Clear();
  state_ = Authorization{};
  mode_ = Commands{};
}

absl::Duration ServerSession::IdleLimit() const {
  return authenticated() ? options_.idle_limit : options_.login_limit;
}

void ServerSession::Good(std::string_view text) {
  out_ += text.empty() ? "+OK\r\n" : fmt::format("+OK {}\r\n", text);
}

void ServerSession::Bad(std::string_view text, std::string_view code) {
  out_ +=
      code.empty() ? fmt::format("-ERR {}\r\n", text) : fmt::format("-ERR [{}] {}\r\n", code, text);
  if (++failures_ < (authenticated() ? 10 * kMaxFailures : kMaxFailures)) return;
  if (std::holds_alternative<Commands>(mode_)) mode_ = Closed{"too many errors"};
}

}  // namespace pennypost::pop3
