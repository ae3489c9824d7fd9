#include "imap/session.h"

#include <fmt/format.h>

#include "base/status.h"
#include "base/text.h"
#include "imap/uid_only.h"

namespace pennypost::imap {
namespace {

constexpr int kMaxBadBeforeLogin = 5;
constexpr int kMaxBadAfterLogin = 50;

// A browser sent here by a malicious page must not be able to go on (ALPACA, T7).
bool IsHttp(std::string_view line) {
  for (std::string_view verb :
       {"GET /", "POST /", "PUT /", "HEAD /", "OPTIONS /", "CONNECT ", "DELETE /"}) {
    if (line.starts_with(verb)) return true;
  }
  return false;
}

std::string_view KindName(Result::Kind kind) {
  switch (kind) {
    case Result::Kind::kOk:
      return "OK";
    case Result::Kind::kNo:
      return "NO";
    case Result::Kind::kBad:
      return "BAD";
  }
  return "BAD";
}

}  // namespace

Result Ok(std::string text, std::string code) {
  return {Result::Kind::kOk, std::move(code), std::move(text)};
}
Result No(std::string text, std::string code) {
  return {Result::Kind::kNo, std::move(code), std::move(text)};
}
Result Bad(std::string text, std::string code) {
  return {Result::Kind::kBad, std::move(code), std::move(text)};
}

ServerSession::ServerSession(SessionOptions options) : options_(std::move(options)) {}

Step ServerSession::Next() {
  if (!greeted_) {
    greeted_ = true;
    Untagged(fmt::format("OK [CAPABILITY {}] {} ready", Capabilities(), options_.host));
  }
  // Replies to pipelined commands leave together: work goes on until something else is due.
  while (!request_ && !waiting_ && out_.size() < (64 << 10)) {
    bool boundary = std::holds_alternative<Commands>(mode_) || idling();
    if (shutdown_ && boundary) Bye(*std::exchange(shutdown_, std::nullopt), "shutdown");
    bool more = false;
    if (std::holds_alternative<Commands>(mode_)) {
      more = ReadCommand();
    } else if (std::holds_alternative<AuthExchange>(mode_)) {
      more = ReadAuthLine();
    } else if (idling()) {
      more = ReadIdleLine();
    }
    if (!more) break;
  }
  if (!out_.empty()) return Output{std::exchange(out_, "")};
  if (request_) {
    waiting_ = true;
    Request request = std::move(*request_);
    request_.reset();
    return request;
  }
  if (std::exchange(tls_due_, false)) return StartTls{};
  if (std::exchange(compress_due_, false)) return StartCompression{};
  if (auto* closed = std::get_if<Closed>(&mode_)) return CloseConnection{closed->reason};
  return NeedInput{};
}

bool ServerSession::ReadCommand() {
  Lexer::Event event = lexer_.Next(CurrentLimits());
  if (std::holds_alternative<Lexer::NeedMore>(event)) return false;
  if (std::holds_alternative<Lexer::Continue>(event)) {
    out_ += "+ OK\r\n";
  } else if (auto* command = std::get_if<Lexer::CommandText>(&event)) {
    HandleCommand(std::move(command->text));
  } else if (auto* refused = std::get_if<Lexer::Refused>(&event)) {
    Tagged(refused->tag, refused->too_big ? No(refused->text, "TOOBIG") : Bad(refused->text));
    CountBad();
  } else if (auto* fatal = std::get_if<Lexer::Fatal>(&event)) {
    Bye("[TOOBIG] " + fatal->text, "literal too big");
  }
  return true;
}

void ServerSession::HandleCommand(std::string text) {
  if (!authenticated() && IsHttp(text)) {
    Untagged("BAD This is an IMAP server");
    mode_ = Closed{"http"};
    return;
  }
  Scanner scanner(text, CurrentLimits(), features_.names());
  auto tag = scanner.Tag();
  if (!tag.ok()) return HandleUnparsed("*", tag.status());
  if (!scanner.Eat(' ')) return HandleUnparsed(*tag, SyntaxError("Missing command"));
  auto verb = scanner.Word();
  if (!verb.ok()) return HandleUnparsed(*tag, verb.status());
  std::string name = *verb;
  if (name == "UID" && scanner.Eat(' ')) {
    auto second = scanner.Word();
    if (!second.ok()) return HandleUnparsed(*tag, second.status());
    name += " " + *second;
  }
  const CommandRow* row = FindCommand(name);
  if (!row) return HandleUnparsed(*tag, SyntaxError("Unknown command"));
  if (!(row->states & StateBit())) return HandleUnparsed(*tag, SyntaxError("Not now"));
  auto body = row->parse(scanner);
  if (!body.ok()) return HandleUnparsed(*tag, body.status());
  absl::Status enabled = CheckFeatures(*body);
  if (!enabled.ok()) return HandleUnparsed(*tag, enabled);
  if (features_.uidonly && NamesByNumber(*body)) {
    Tagged(*tag, Bad("Message numbers are not allowed after ENABLE UIDONLY", "UIDREQUIRED"));
    return CountBad();
  }
  if (ReusesTag(*tag, *body)) return HandleUnparsed(*tag, SyntaxError("Tag reuse"));
  // Before login a failed one counts, so that nobody guesses for long on one connection.
  if (authenticated()) bad_commands_ = 0;
  if (auto* append = std::get_if<Append>(&*body)) {
    append->text = std::move(text);
  } else if (auto* replace = std::get_if<Replace>(&*body)) {
    replace->append.text = std::move(text);
  }
  if (row->flags & kLocal) return RunLocal(*std::move(tag), *row, *std::move(body));
  mode_ = Running{*tag, row};
  request_ = RunCommand{*std::move(tag), row, *std::move(body)};
}

// RFC 7162 3.2.5, 3.2.6: what only ENABLE QRESYNC allows. RFC 6855 3: what ENABLE UTF8=ACCEPT ends.
absl::Status ServerSession::CheckFeatures(const CommandBody& body) const {
  const auto* select = std::get_if<Select>(&body);
  const auto* fetch = std::get_if<Fetch>(&body);
  bool needs_qresync = (select && select->resync) || (fetch && fetch->vanished);
  const auto* search = std::get_if<Search>(&body);
  if (search && search->charset_given && features_.utf8)
    return SyntaxError("No charset after ENABLE UTF8=ACCEPT");
  return needs_qresync && !features_.qresync ? SyntaxError("ENABLE QRESYNC is needed first")
                                             : absl::OkStatus();
}

// RFC 5267 4.3: the tag is the name of a search that is kept.
bool ServerSession::ReusesTag(std::string_view tag, const CommandBody& body) {
  const auto* search = std::get_if<Search>(&body);
  if (const auto* sort = std::get_if<Sort>(&body)) search = &sort->search;
  return search && (search->returns & kReturnUpdate) && search_updates()->Has(tag);
}

void ServerSession::HandleUnparsed(std::string tag, const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kTooBig:
      Tagged(tag, No(MessageOf(status), "TOOBIG"));
      break;
    case Reason::kPolicy:
      Tagged(tag, No(MessageOf(status), "BADCHARSET (UTF-8 US-ASCII)"));
      break;
    default:
      Tagged(tag, Bad(MessageOf(status)));
  }
  CountBad();
}

void ServerSession::CountBad() {
  int limit = authenticated() ? kMaxBadAfterLogin : kMaxBadBeforeLogin;
  if (++bad_commands_ >= limit) Bye("Too many bad commands", "bad commands");
}

unsigned ServerSession::StateBit() const {
  return authenticated() ? std::holds_alternative<Selected>(state_) ? kSelected : kAuthenticated
                         : kNotAuthenticated;
}

Limits ServerSession::CurrentLimits() const {
  return authenticated() ? LimitsAfterLogin(options_.max_message) : LimitsBeforeLogin();
}

MailboxView* ServerSession::view() {
  auto* selected = std::get_if<Selected>(&state_);
  return selected ? &selected->view : nullptr;
}

SearchUpdates* ServerSession::search_updates() {
  auto* selected = std::get_if<Selected>(&state_);
  return selected ? &selected->updates : nullptr;
}

std::string ServerSession::TakeUpdates(Expunges expunges) {
  std::string out = std::get<Selected>(state_).view.TakeFlagReports(update_form());
  return out + TakeUpdatesButFlags(expunges);
}

std::string ServerSession::TakeUpdatesButFlags(Expunges expunges) {
  auto& selected = std::get<Selected>(state_);
  // In this order: each part says what the next one builds on.
  std::string out = selected.updates.TakeRemovals(selected.view);
  out += selected.view.TakeExpungesAndArrivals(expunges, update_form());
  return out + selected.updates.TakeAdditions(selected.view);
}

bool ServerSession::read_only() const {
  const auto* selected = std::get_if<Selected>(&state_);
  return selected && selected->read_only;
}

absl::Duration ServerSession::IdleLimit() const {
  return authenticated() ? options_.idle_limit : options_.login_limit;
}

void ServerSession::Resume(Outcome outcome) {
  waiting_ = false;
  if (std::holds_alternative<AuthExchange>(mode_)) return ResumeAuth(std::move(outcome));
  if (auto* done = std::get_if<Done>(&outcome)) return ResumeCommand(std::move(*done));
}

void ServerSession::ResumeCommand(Done done) {
  Running running = std::get<Running>(mode_);
  mode_ = Commands{};
  if (running.row->flags & kChangesSelection) {
    // RFC 9051 7.1 CLOSED: what follows is about the new mailbox.
    if (std::holds_alternative<Selected>(state_) && running.row->name != "CLOSE") {
      Untagged("OK [CLOSED] Previous mailbox closed");
    }
    if (running.row->name != "CLOSE" || done.result.kind == Result::Kind::kOk)
      state_ = Authenticated{};
  }
  out_ += done.untagged;
  if (view()) {
    bool hold = done.hold_expunges || (running.row->flags & kHoldsExpunge);
    out_ += TakeUpdates(hold ? Expunges::kHold : Expunges::kReport);
  }
  if (done.selection) state_ = Selected{std::move(done.selection->view), done.selection->read_only};
  Tagged(running.tag, done.result);
}

bool ServerSession::ReadIdleLine() {
  Lexer::Event event = lexer_.NextLine(100);
  if (std::holds_alternative<Lexer::NeedMore>(event)) return false;
  std::string tag = std::get<Idling>(mode_).tag;
  PushUpdates();
  mode_ = Commands{};
  auto* line = std::get_if<Lexer::CommandText>(&event);
  // RFC 2177 3
  if (line && EqualsIgnoreCase(line->text, "DONE")) {
    Tagged(tag, Ok("Idle completed"));
  } else {
    Tagged(tag, Bad("Expected DONE"));
    CountBad();
  }
  return true;
}

const NotifyGroup* ServerSession::selected_events() const {
  if (!notify_) return nullptr;
  for (const NotifyGroup& group : notify_->groups) {
    bool selected = group.filter == NotifyGroup::Filter::kSelected ||
                    group.filter == NotifyGroup::Filter::kSelectedDelayed;
    if (selected && group.events != 0) return &group;
  }
  return nullptr;
}

bool ServerSession::listening() const {
  if (!notify_ || !std::holds_alternative<Commands>(mode_)) return false;
  for (const NotifyGroup& group : notify_->groups) {
    if (group.events != 0) return true;
  }
  return false;
}

void ServerSession::PushUpdates() {
  if (!view() || !(idling() || listening())) return;
  if (!notify_) {
    out_ += TakeUpdates(Expunges::kReport);
    return;
  }
  // RFC 5465 4: in IDLE what NOTIFY asked for, no more. What is not told here is told when a
  // command ends, as ever.
  const NotifyGroup* wanted = selected_events();
  if (!wanted) return;
  // RFC 5465 6.1.2
  bool delayed = wanted->filter == NotifyGroup::Filter::kSelectedDelayed && !idling();
  Expunges expunges = delayed ? Expunges::kHold : Expunges::kReport;
  bool flags = (wanted->events & kFlagChange) != 0;
  out_ += flags ? TakeUpdates(expunges) : TakeUpdatesButFlags(expunges);
}

void ServerSession::Shutdown(std::string_view text) {
  shutdown_ = std::string(text);
}

void ServerSession::Untagged(std::string_view text) {
  out_ += fmt::format("* {}\r\n", text);
}

void ServerSession::Tagged(std::string_view tag, const Result& result) {
  out_ += fmt::format("{} {} ", tag, KindName(result.kind));
  if (!result.code.empty()) out_ += fmt::format("[{}] ", result.code);
  out_ += result.text.empty() ? "Done" : result.text;
  out_ += "\r\n";
}

void ServerSession::Bye(std::string_view text, std::string_view reason) {
  Untagged(fmt::format("BYE {}", text));
  mode_ = Closed{std::string(reason)};
}

}  // namespace pennypost::imap
