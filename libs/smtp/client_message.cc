// One message of a ClientSession: envelope, content, results.

#include "smtp/client_session.h"

namespace pennypost::smtp {

using mail::SmtpReply;

namespace {

bool HoldsControl(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  }
  return false;
}

// No parser of ours lets such an envelope in; a command line is the last place to notice (S8).
bool HoldsControl(const mail::Envelope& envelope) {
  if (HoldsControl(envelope.SenderText()) || HoldsControl(envelope.envid)) return true;
  for (const mail::Recipient& recipient : envelope.recipients) {
    if (HoldsControl(recipient.address.ToString()) || HoldsControl(recipient.orcpt)) return true;
  }
  return false;
}

}  // namespace

void ClientSession::Send(const mail::Envelope& envelope, uint64_t size) {
  if (state_ != State::kReady) return;
  size_t count = envelope.recipients.size();
  envelope_ = &envelope;
  size_ = size;
  result_ = {};
  result_.recipients.resize(count);
  settled_.assign(count, false);
  accepted_ = 0;
  due_.clear();
  lmtp_due_.clear();
  next_command_ = 0;
  mail_refused_ = false;
  writer_ = {};
  if (count == 0 || RefuseLocally(size)) return Finish();
  state_ = State::kEnvelope;
  if (std::exchange(needs_rset_, false)) {
    Command("RSET");
    due_.push_back({Due::Kind::kRset});
  }
  Pump();
}

// What this server cannot take by its own words is not even tried.
bool ClientSession::RefuseLocally(uint64_t size) {
  if (HoldsControl(*envelope_)) {
    Settle({553, "5.1.3", "address with a control character"}, Stage::kMail);
    return true;
  }
  if (features_.max_size != 0 && size > features_.max_size) {  // RFC 1870 6
    Settle({552, "5.3.4", "message is larger than the server takes"}, Stage::kMail);
    return true;
  }
  if (envelope_->smtputf8 && !features_.smtputf8) {  // RFC 6531 3.2
    Settle({550, "5.6.7", "server does not offer SMTPUTF8"}, Stage::kMail);
    return true;
  }
  return false;
}

// Sends as many commands as may be on their way at once (RFC 2920).
void ClientSession::Pump() {
  size_t window = features_.pipelining ? options_.pipeline : 1;
  size_t count = envelope_->recipients.size();
  while (!mail_refused_ && next_command_ <= count + 1 && due_.size() < window) {
    if (next_command_ == 0) {
      SendMail();
    } else if (next_command_ <= count) {
      SendRcpt(next_command_ - 1);
    } else {
      // An LMTP server owes no answer for a message without recipients, so there DATA waits for
      // them.
      if (options_.lmtp && !due_.empty()) break;
      // With all answers in hand, a message nobody takes needs no DATA.
      if (due_.empty() && accepted_ == 0) break;
      Command("DATA");
      due_.push_back({Due::Kind::kData});
    }
    ++next_command_;
  }
  if (due_.empty() && state_ == State::kEnvelope) {
    needs_rset_ = !mail_refused_;
    Finish();
  }
}

void ClientSession::SendMail() {
  std::string line = fmt::format("MAIL FROM:<{}>", envelope_->SenderText());
  if (features_.size) line += fmt::format(" SIZE={}", size_);
  if (features_.eight_bit_mime && envelope_->body == mail::BodyType::k8BitMime) {
    line += " BODY=8BITMIME";
  }
  if (envelope_->smtputf8) line += " SMTPUTF8";
  if (features_.dsn) {
    if (envelope_->ret != mail::DsnReturn::kUnspecified) {
      line += envelope_->ret == mail::DsnReturn::kFull ? " RET=FULL" : " RET=HDRS";
    }
    if (!envelope_->envid.empty()) line += " ENVID=" + envelope_->envid;
  }
  Command(line);
  due_.push_back({Due::Kind::kMail});
}

void ClientSession::SendRcpt(size_t index) {
  const mail::Recipient& recipient = envelope_->recipients[index];
  std::string line = fmt::format("RCPT TO:<{}>", recipient.address.ToString());
  if (features_.dsn && !recipient.notify.IsUnspecified()) {
    std::string words;
    if (recipient.notify.never) words += ",NEVER";
    if (recipient.notify.success) words += ",SUCCESS";
    if (recipient.notify.failure) words += ",FAILURE";
    if (recipient.notify.delay) words += ",DELAY";
    line += " NOTIFY=" + words.substr(1);
  }
  if (features_.dsn && !recipient.orcpt.empty()) line += " ORCPT=" + recipient.orcpt;
  Command(line);
  due_.push_back({Due::Kind::kRcpt, index});
}

void ClientSession::OnEnvelopeReply(SmtpReply reply) {
  if (due_.empty()) return End(SessionEnd::Kind::kProtocol, reply);
  Due due = due_.front();
  due_.pop_front();
  switch (due.kind) {
    case Due::Kind::kRset:
      break;
    case Due::Kind::kMail:
      OnMailReply(reply);
      break;
    case Due::Kind::kRcpt:
      if (settled_[due.recipient]) break;
      result_.recipients[due.recipient] = {reply, Stage::kRcpt};
      if (reply.code / 100 == 2) {
        ++accepted_;
      } else {
        settled_[due.recipient] = true;
      }
      break;
    case Due::Kind::kData:
      return OnDataReply(reply);
  }
  Pump();
}

void ClientSession::OnMailReply(const SmtpReply& reply) {
  if (reply.code / 100 == 2) return;
  Settle(reply, Stage::kMail);
  mail_refused_ = true;
}

void ClientSession::OnDataReply(const SmtpReply& reply) {
  if (reply.code != 354) {
    Settle(reply, Stage::kData);
    needs_rset_ = true;
    return Finish();
  }
  state_ = State::kContent;
  // RFC 2920 3.1: DATA was sent before we knew that nobody takes the message. An empty one ends it.
  if (accepted_ == 0) {
    Command(".");
    state_ = State::kEnding;
  }
}

void ClientSession::Content(std::string_view piece) {
  if (state_ == State::kContent) writer_.Write(piece, out_);
}

void ClientSession::ContentEnd() {
  if (state_ != State::kContent) return;
  writer_.Finish(out_);
  result_.content_changed = writer_.changed();
  result_.end_sent = true;
  state_ = State::kEnding;
  for (size_t i = 0; i < settled_.size(); ++i) {
    if (settled_[i]) continue;
    // Until the answer comes, it is not known (RFC 1047).
    result_.recipients[i] = {{}, Stage::kEndOfData};
    if (options_.lmtp) lmtp_due_.push_back(i);
  }
}

void ClientSession::OnEndReply(const SmtpReply& reply) {
  // A server should never answer so here; neither accepted nor refused is known.
  bool clear = reply.code / 100 == 2 || reply.code >= 400;
  if (!clear) return End(SessionEnd::Kind::kProtocol);
  if (lmtp_due_.empty()) {
    Settle(reply, Stage::kEndOfData);
    return Finish();
  }
  size_t index = lmtp_due_.front();
  lmtp_due_.pop_front();
  result_.recipients[index] = {reply, Stage::kEndOfData};
  settled_[index] = true;
  if (lmtp_due_.empty()) Finish();
}

// The same final result for all that have none.
void ClientSession::Settle(const SmtpReply& reply, Stage stage) {
  for (size_t i = 0; i < settled_.size(); ++i) {
    if (settled_[i]) continue;
    result_.recipients[i] = {reply, stage};
    settled_[i] = true;
  }
  accepted_ = 0;
}

void ClientSession::Finish() {
  envelope_ = nullptr;
  finished_ = std::exchange(result_, {});
  state_ = State::kReady;
}

}  // namespace pennypost::smtp
