#include "smtp/server_session.h"

#include <cstring>

#include "base/text.h"
#include "smtp/command_table.h"

namespace pennypost::smtp {
namespace {

// In a command line only printable bytes, and UTF-8, which the commands themselves judge.
bool HoldsControl(std::string_view line) {
  for (char c : line) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return true;
  }
  return false;
}

}  // namespace

ServerSession::ServerSession(SessionOptions options) : options_(std::move(options)) {
  info_.mode = options_.mode;
  info_.tls = options_.tls == TlsState::kActive;
  open_ = Open::kPeer;
  request_ = CheckPeer{};
}

void ServerSession::Feed(std::string_view bytes) {
  if (at_ == in_.size()) {
    in_.clear();
    at_ = 0;
  } else if (at_ > 0) {
    in_.erase(0, at_);
    at_ = 0;
  }
  scanned_ = std::min(scanned_, in_.size());
  in_.append(bytes);
}

Step ServerSession::Next() {
  for (;;) {
    if (request_) {
      Request request = *std::move(request_);
      request_.reset();
      return request;
    }
    if (open_ != Open::kNothing) return NeedInput{};  // a driver that reads ahead
    bool flush = out_.size() >= options_.limits.gathered_output;
    if (interrupt_ && In<Command>())
      Fail(*std::exchange(interrupt_, {}), CloseReason::kInterrupted);
    if (!flush && Advance()) continue;
    if (!out_.empty()) {
      sent_.swap(out_);
      out_.clear();
      return Output{sent_};
    }
    if (auto* closed = std::get_if<Closed>(&state_)) return Close{closed->reason};
    if (In<Upgrading>()) return StartTls{};
    return NeedInput{};
  }
}

// Handles one command or piece of content; false where the session can do nothing without its
// driver.
bool ServerSession::Advance() {
  if (In<Command>() || In<AuthExchange>()) return ReadCommandLine();
  if (In<Data>()) return ReadData();
  if (In<Chunk>()) return ReadChunk();
  return false;
}

// The next line without its end, consumed. `well_ended`: by CRLF, within the limit. False where no
// line is complete.
bool ServerSession::TakeLine(size_t limit, std::string_view& line, bool& well_ended) {
  size_t from = std::max(at_, scanned_);
  size_t lf = in_.find('\n', from);
  if (lf == std::string::npos) {
    scanned_ = in_.size();
    if (discarding_ || Buffered() > limit) {
      discarding_ = true;
      in_.clear();
      at_ = scanned_ = 0;
    }
    return false;
  }
  size_t begin = at_;
  at_ = scanned_ = lf + 1;
  bool too_long = discarding_ || at_ - begin > limit;
  discarding_ = false;
  if (too_long) {
    OnLongLine();
    line = {};
    well_ended = false;
    return true;
  }
  bool crlf = lf > begin && in_[lf - 1] == '\r';
  line = std::string_view(in_).substr(begin, lf - begin - (crlf ? 1 : 0));
  well_ended = crlf && !HoldsControl(line);
  if (!well_ended) {
    verb_ = "unknown";
    state_ = Command{};
    Reply({500, "5.5.2", "a command is one line of printable characters that ends with CRLF"});
  }
  return true;
}

void ServerSession::OnLongLine() {
  verb_ = "unknown";
  // RFC 4954 6 has a code of its own for the exchange, which is over.
  Reply({500, In<AuthExchange>() ? "5.5.6" : "5.5.2", "line too long"});
  if (In<AuthExchange>()) state_ = Command{};
  if (++long_lines_ >= options_.limits.long_lines && !In<Closed>()) {
    Fail({421, "4.7.0", "too many long lines"}, CloseReason::kErrors);
  }
}

bool ServerSession::ReadCommandLine() {
  bool in_auth =
      In<AuthExchange>() || StartsWithIgnoreCase(std::string_view(in_).substr(at_), "AUTH ");
  std::string_view line;
  bool well_ended = false;
  size_t limit = in_auth ? options_.limits.auth_line : options_.limits.command_line;
  if (!TakeLine(limit, line, well_ended)) return false;
  if (!well_ended) return true;
  if (In<AuthExchange>()) {
    OnAuthLine(line);
  } else {
    OnCommand(line);
  }
  return true;
}

void ServerSession::OnCommand(std::string_view line) {
  while (line.ends_with(' ')) line.remove_suffix(1);
  size_t space = line.find(' ');
  std::string_view verb = line.substr(0, space);
  const CommandRow* row = CommandRow::Find(verb);
  verb_ = row == nullptr ? "unknown" : row->label;
  if (row == nullptr) return Reply({500, "5.5.1", "command not recognized"});
  if ((row->flags & kLastInPipeline) && RefuseEarlyInput()) return;
  if (!IsAllowed(*row)) return;
  std::string_view args = space == std::string_view::npos ? "" : line.substr(space + 1);
  (this->*row->handler)(args);
}

void ServerSession::Ask(Request request) {
  request_ = std::move(request);
}

void ServerSession::Reply(const SmtpReply& reply) {
  AppendReply(reply, out_);
  answered_.push_back({verb_, reply.code});
  if (reply.code == 421) return CloseWith(CloseReason::kRefused);
  // An LMTP client is one of ours, and answers for many senders.
  if (options_.mode == Mode::kLmtp) return;
  if (reply.code >= 500 && ++errors_ >= options_.limits.errors && !In<Closed>()) {
    Fail({421, "4.7.0", "too many errors"}, CloseReason::kErrors);
  }
}

void ServerSession::CloseWith(CloseReason reason) {
  if (In<Closed>()) return;
  transaction_.reset();
  state_ = Closed{reason};
}

void ServerSession::Fail(const SmtpReply& reply, CloseReason reason) {
  CloseWith(reason);
  AppendReply(reply, out_);
  answered_.push_back({verb_, reply.code});
}

// RFC 2920 3.1 names the commands after which a client waits. One that does not is broken, or
// somebody speaks for it.
bool ServerSession::RefuseEarlyInput() {
  if (Buffered() == 0) return false;
  Fail({554, "5.5.0", "input before our reply"}, CloseReason::kEarlyInput);
  return true;
}

void ServerSession::Resume(Outcome outcome) {
  Open open = std::exchange(open_, Open::kNothing);
  if (In<Closed>()) return;
  switch (open) {
    case Open::kNothing:
      return;
    case Open::kPeer:
      return OnPeer(outcome);
    case Open::kHelo:
      return OnHeloChecked(outcome);
    case Open::kPassword:
      return OnPasswordChecked(outcome);
    case Open::kScramKeys:
      return OnScramKeys(outcome);
    case Open::kScramFinished:
      return OnScramFinished(outcome);
    case Open::kSender:
      return OnSenderChecked(outcome);
    case Open::kRecipient:
      return OnRecipientChecked(outcome);
    case Open::kBegin:
      return OnBegun(outcome);
    case Open::kChunk:
      return OnChunkTaken(outcome);
    case Open::kEnd:
      return OnMessageEnded(outcome);
  }
}

void ServerSession::OnPeer(Outcome& outcome) {
  if (const SmtpReply* refusal = Refusal(outcome)) return Fail(*refusal, CloseReason::kRefused);
  if (RefuseEarlyInput()) return;
  auto& accept = std::get<Accept>(outcome);
  std::string_view protocol = options_.mode == Mode::kLmtp ? "LMTP" : "ESMTP";
  Reply(accept.reply.value_or(
      SmtpReply{220, "", fmt::format("{} {} Pennypost", options_.hostname, protocol)}));
  if (!In<Closed>()) state_ = Command{};
}

const SmtpReply* ServerSession::Refusal(const Outcome& outcome) {
  static const auto& misused = *new SmtpReply{451, "4.3.0", "internal error"};
  if (auto* refuse = std::get_if<Refuse>(&outcome)) return &refuse->reply;
  if (auto* defer = std::get_if<Defer>(&outcome)) return &defer->reply;
  return std::holds_alternative<Accept>(outcome) ? nullptr : &misused;
}

void ServerSession::TlsStarted() {
  // RFC 3207 4.2: nothing the client said before counts, nor what came between (T1).
  in_.clear();
  at_ = scanned_ = 0;
  discarding_ = false;
  transaction_.reset();
  info_ = SessionInfo{.mode = options_.mode, .tls = true, .helo = "", .user = "", .authzid = ""};
  options_.tls = TlsState::kActive;
  state_ = Command{};
}

void ServerSession::Interrupt(SmtpReply reply, When when) {
  if (In<Closed>()) return;
  if (when == When::kNow) {
    request_.reset();
    open_ = Open::kNothing;
    Fail(reply, CloseReason::kInterrupted);
  } else {
    interrupt_ = std::move(reply);
  }
}

absl::Duration ServerSession::IdleLimit() const {
  if (In<Data>() || In<Chunk>()) return absl::Minutes(3);  // RFC 5321 4.5.3.2.5
  return absl::Minutes(5);                                 // RFC 5321 4.5.3.2.7
}

bool ServerSession::InContent() const {
  return In<Data>() || In<Chunk>();
}

bool ServerSession::ReceivingMessage() const {
  return transaction_ && transaction_->begun && !transaction_->failure;
}

}  // namespace pennypost::smtp
