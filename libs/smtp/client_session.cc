#include "smtp/client_session.h"

#include "base/base64.h"
#include "base/text.h"

namespace pennypost::smtp {

using mail::SmtpReply;

namespace {

constexpr size_t kOutputSize = 64 << 10;

}  // namespace

ServerFeatures ParseFeatures(const SmtpReply& reply) {
  ServerFeatures features;
  features.esmtp = true;
  auto lines = Split(reply.text, '\n');
  for (size_t i = 1; i < lines.size(); ++i) {
    auto words = Split(Trim(lines[i]), ' ');
    auto is = [&](std::string_view keyword) { return EqualsIgnoreCase(words[0], keyword); };
    if (is("PIPELINING")) features.pipelining = true;
    if (is("8BITMIME")) features.eight_bit_mime = true;
    if (is("SMTPUTF8")) features.smtputf8 = true;
    if (is("DSN")) features.dsn = true;
    if (is("STARTTLS")) features.starttls = true;
    if (is("SIZE")) {
      features.size = true;
      if (words.size() > 1) features.max_size = ParseUint(words[1]).value_or(0);
    }
    if (is("AUTH")) features.auth.assign(words.begin() + 1, words.end());
  }
  return features;
}

ClientSession::ClientSession(ClientOptions options)
    : options_(std::move(options)),
      tls_(options_.tls == ClientTls::kActive),
      replies_(options_.limits) {}

void ClientSession::Feed(std::string_view bytes) {
  in_.erase(0, at_);
  at_ = 0;
  in_.append(bytes);
}

ClientStep ClientSession::Next() {
  for (;;) {
    if (!out_.empty() && (out_.size() >= kOutputSize || state_ != State::kContent)) {
      sent_.swap(out_);
      out_.clear();
      return ClientOutput{sent_};
    }
    if (finished_) return ClientFinished{*std::exchange(finished_, {})};
    if (state_ == State::kClosed) return ClientClosed{end_};
    if (state_ == State::kUpgrading) return ClientStartTls{};
    SmtpReply reply;
    auto result = replies_.Read(in_, at_, reply);
    if (result == ReplyReader::Result::kMalformed) {
      End(SessionEnd::Kind::kProtocol);
    } else if (result == ReplyReader::Result::kReply) {
      OnReply(std::move(reply));
    } else if (state_ == State::kReady) {
      return ClientReady{};
    } else if (state_ == State::kContent) {
      return ClientNeedContent{};
    } else {
      return ClientNeedInput{};
    }
  }
}

void ClientSession::Command(std::string_view line) {
  out_ += line;
  out_ += "\r\n";
}

Stage ClientSession::CurrentStage() const {
  switch (state_) {
    case State::kGreeting:
      return Stage::kGreeting;
    case State::kEhlo:
    case State::kHelo:
      return Stage::kHello;
    case State::kStartTls:
    case State::kUpgrading:
      return Stage::kStartTls;
    case State::kAuth:
      return Stage::kAuth;
    case State::kReady:
      return Stage::kMail;
    case State::kEnvelope:
      return due_.empty() || due_.front().kind == Due::Kind::kMail ? Stage::kMail
             : due_.front().kind == Due::Kind::kData               ? Stage::kData
                                                                   : Stage::kRcpt;
    case State::kContent:
      return Stage::kData;
    case State::kEnding:
    case State::kQuitting:
    case State::kClosed:
      return Stage::kEndOfData;
  }
  return Stage::kGreeting;
}

// Ends the session. A message under way is finished with what is known about it.
void ClientSession::End(SessionEnd::Kind kind, const SmtpReply& reply) {
  if (state_ == State::kClosed) return;
  end_ = {kind, CurrentStage(), reply};
  if (envelope_ != nullptr) {
    Settle(reply, end_.stage);
    Finish();
  }
  out_.clear();
  state_ = State::kClosed;
}

void ClientSession::Lost() {
  bool quitting = state_ == State::kQuitting;
  End(quitting ? SessionEnd::Kind::kQuit : SessionEnd::Kind::kLost);
}

void ClientSession::OnReply(SmtpReply reply) {
  // RFC 5321 3.8: at any time, also in answer to nothing.
  if (reply.code == 421 && state_ != State::kQuitting) {
    return End(SessionEnd::Kind::kRefused, reply);
  }
  switch (state_) {
    case State::kGreeting:
      return OnGreeting(reply);
    case State::kEhlo:
      return OnEhlo(reply);
    case State::kHelo:
      return OnHelo(reply);
    case State::kStartTls:
      return OnStartTls(reply);
    case State::kAuth:
      return OnAuth(reply);
    case State::kEnvelope:
      return OnEnvelopeReply(std::move(reply));
    case State::kEnding:
      return OnEndReply(reply);
    case State::kQuitting:
      return End(SessionEnd::Kind::kQuit, reply);
    case State::kReady:
    case State::kContent:
    case State::kUpgrading:
    case State::kClosed:
      return End(SessionEnd::Kind::kProtocol, reply);
  }
}

void ClientSession::OnGreeting(const SmtpReply& reply) {
  if (reply.code != 220) return End(SessionEnd::Kind::kRefused, reply);
  // Bytes behind the greeting answer commands that were not sent (T2).
  if (at_ != in_.size()) return End(SessionEnd::Kind::kProtocol, reply);
  SayHello();
}

void ClientSession::SayHello() {
  state_ = State::kEhlo;
  Command(fmt::format("{} {}", options_.lmtp ? "LHLO" : "EHLO", options_.helo));
}

void ClientSession::OnEhlo(const SmtpReply& reply) {
  if (reply.code == 250) {
    features_ = ParseFeatures(reply);
    return AfterHello();
  }
  // RFC 5321 3.2: an old server. Where TLS is a must, EHLO is one too.
  if (reply.IsPermanent() && !options_.lmtp && options_.tls != ClientTls::kRequired) {
    state_ = State::kHelo;
    return Command("HELO " + options_.helo);
  }
  End(SessionEnd::Kind::kRefused, reply);
}

void ClientSession::OnHelo(const SmtpReply& reply) {
  if (reply.code != 250) return End(SessionEnd::Kind::kRefused, reply);
  features_ = {};
  AfterHello();
}

void ClientSession::AfterHello() {
  if (at_ != in_.size()) return End(SessionEnd::Kind::kProtocol);
  bool wanted = options_.tls == ClientTls::kOpportunistic || options_.tls == ClientTls::kRequired;
  if (!tls_ && wanted && features_.starttls) {
    state_ = State::kStartTls;
    return Command("STARTTLS");
  }
  if (!tls_ && options_.tls == ClientTls::kRequired) {
    state_ = State::kStartTls;
    return End(SessionEnd::Kind::kNoTls);
  }
  BeginAuth();
}

void ClientSession::OnStartTls(const SmtpReply& reply) {
  if (reply.code == 220) {
    // T2: whatever was sent before the handshake was not sent by whom we are about to authenticate.
    if (at_ != in_.size()) return End(SessionEnd::Kind::kTlsFailed, reply);
    state_ = State::kUpgrading;
    return;
  }
  if (options_.tls == ClientTls::kRequired) return End(SessionEnd::Kind::kNoTls, reply);
  BeginAuth();
}

void ClientSession::TlsStarted() {
  tls_ = true;
  in_.clear();
  at_ = 0;
  features_ = {};
  SayHello();
}

void ClientSession::TlsFailed() {
  End(SessionEnd::Kind::kTlsFailed);
}

void ClientSession::BeginAuth() {
  if (!options_.login) {
    state_ = State::kReady;
    return;
  }
  state_ = State::kAuth;
  bool safe = tls_ || options_.login_without_tls;
  std::string name = safe ? sasl::ChooseClientMechanism(features_.auth) : "";
  mechanism_ = sasl::NewClientMechanism(name, *options_.login);
  if (!mechanism_) return End(SessionEnd::Kind::kNoLogin);
  auto initial = mechanism_->Initial();
  std::string line = "AUTH " + name;
  // RFC 4954 4: "=" stands for an initial response of no bytes.
  if (initial) line += " " + (initial->empty() ? "=" : Base64Encode(*initial));
  Command(line);
}

void ClientSession::OnAuth(const SmtpReply& reply) {
  if (reply.code == 235) {
    if (!mechanism_->ServerIsProven()) return End(SessionEnd::Kind::kNoLogin, reply);
    mechanism_.reset();
    state_ = State::kReady;
    return;
  }
  if (reply.code != 334) return End(SessionEnd::Kind::kRefused, reply);
  auto challenge = Base64Decode(reply.text);
  absl::StatusOr<std::string> response;
  if (challenge) response = mechanism_->Respond(*challenge);
  // After the cancel the server says 501, which ends the session.
  Command(challenge && response.ok() ? Base64Encode(*response) : "*");
}

void ClientSession::Quit() {
  if (state_ != State::kReady) return;
  Command("QUIT");
  state_ = State::kQuitting;
}

absl::Duration ClientSession::IdleLimit() const {
  switch (state_) {
    case State::kEnding:
      return absl::Minutes(10);  // RFC 5321 4.5.3.2.6
    case State::kContent:
      return absl::Minutes(3);  // 4.5.3.2.5
    case State::kQuitting:
      return absl::Seconds(5);
    default:
      return absl::Minutes(5);  // 4.5.3.2.1 to 3
  }
}

}  // namespace pennypost::smtp
