// DATA (RFC 5321 4.1.1.4) and BDAT (RFC 3030): the content of a message.

#include "base/text.h"
#include "smtp/server_session.h"

namespace pennypost::smtp {
namespace {

const SmtpReply& Malformed() {
  static const auto& reply =
      *new SmtpReply{550, "5.5.2", "content holds a lone CR, LF or NUL; lines end with CRLF"};
  return reply;
}

const SmtpReply& TooBig() {
  static const auto& reply = *new SmtpReply{552, "5.3.4", "message is larger than we take"};
  return reply;
}

const SmtpReply& HeaderTooBig() {
  static const auto& reply = *new SmtpReply{552, "5.3.4", "header is larger than we take"};
  return reply;
}

}  // namespace

void ServerSession::OnData(std::string_view args) {
  if (!args.empty()) return Reply({501, "5.5.4", "DATA takes no argument"});
  if (transaction_->in_chunks) return Reply({503, "5.5.1", "BDAT has begun"});
  if (transaction_->envelope.recipients.empty()) {
    // RFC 2033 4.2 wants 503 in LMTP, RFC 5321 3.3 allows both.
    return Reply({options_.mode == Mode::kLmtp ? 503 : 554, "5.5.1", "no valid recipients"});
  }
  open_ = Open::kBegin;
  Ask(BeginMessage{&transaction_->envelope});
}

void ServerSession::OnBdat(std::string_view args) {
  std::string_view digits = args.substr(0, args.find(' '));
  std::string_view rest = Trim(args.substr(digits.size()));
  auto size = ParseUint(digits);
  if (!size) return Reply({501, "5.5.4", "BDAT size [LAST]"});
  if (*size > 2 * options_.limits.message_size) {
    Reply(TooBig());
    return Fail({421, "4.7.0", "far too big"}, CloseReason::kTooBig);
  }
  // From here on the octets follow whatever we answer, and are swallowed (S3).
  Chunk chunk{
      .remaining = *size, .size = *size, .last = EqualsIgnoreCase(rest, "LAST"), .failure = {}};
  if (!rest.empty() && !chunk.last) {
    chunk.failure = {501, "5.5.4", "BDAT size [LAST]"};
  } else if (!options_.chunking) {
    chunk.failure = {502, "5.5.1", "CHUNKING is not offered"};
  } else if (!transaction_) {
    chunk.failure = {503, "5.5.1", "MAIL first"};
  } else if (transaction_->envelope.recipients.empty()) {
    chunk.failure = {503, "5.5.1", "no valid recipients"};
  } else if (transaction_->stored + *size > options_.limits.message_size) {
    chunk.failure = TooBig();
  }
  bool begin = !chunk.failure && !transaction_->begun;
  state_ = std::move(chunk);
  if (!begin) return;
  transaction_->in_chunks = true;
  open_ = Open::kBegin;
  Ask(BeginMessage{&transaction_->envelope});
}

void ServerSession::OnBegun(Outcome& outcome) {
  const SmtpReply* refusal = Refusal(outcome);
  if (In<Chunk>()) {
    transaction_->begun = true;
    if (refusal) transaction_->failure = *refusal;
    return;
  }
  if (refusal) {
    transaction_.reset();
    return Reply(*refusal);
  }
  if (RefuseEarlyInput()) return;
  transaction_->begun = true;
  Reply({354, "", "end with CRLF.CRLF"});
  state_ = Data{DataReader(options_.bare_line_feeds)};
}

// Hands a piece of content over, if the message is still wanted.
void ServerSession::TakeContent(std::string_view body) {
  Transaction& transaction = *transaction_;
  if (transaction.failure || body.empty()) return;
  if (transaction.stored + body.size() > options_.limits.message_size) {
    transaction.failure = TooBig();
    return;
  }
  if (!transaction.header.Take(body)) {
    transaction.failure = HeaderTooBig();
    return;
  }
  transaction.stored += body.size();
  open_ = Open::kChunk;
  Ask(MessageChunk{body});
}

void ServerSession::OnChunkTaken(Outcome& outcome) {
  if (const SmtpReply* refusal = Refusal(outcome)) transaction_->failure = *refusal;
}

bool ServerSession::ReadData() {
  Data& data = std::get<Data>(state_);
  Transaction& transaction = *transaction_;
  if (data.done) {
    verb_ = "data-end";
    if (data.reader.malformed()) transaction.failure = Malformed();
    EndContent();
    return true;
  }
  // Nothing beyond twice the limit is even read, wherever the segments end (S12).
  uint64_t room = 2 * options_.limits.message_size - transaction.received;
  size_t size = std::min<uint64_t>(Buffered(), room);
  if (size == 0) return false;
  DataReader::Result result = data.reader.Read(in_.data() + at_, size);
  at_ += result.consumed;
  scanned_ = at_;
  transaction.received += result.consumed;
  data.done = result.done;
  if (size == room && !result.done) {
    verb_ = "data-end";
    Reply(data.reader.malformed() ? Malformed() : TooBig());
    Fail({421, "4.7.0", "far too big"}, CloseReason::kTooBig);
    return true;
  }
  if (data.reader.malformed() && !transaction.failure) transaction.failure = Malformed();
  TakeContent(result.body);
  return result.consumed > 0;
}

bool ServerSession::ReadChunk() {
  Chunk& chunk = std::get<Chunk>(state_);
  if (chunk.remaining == 0) {
    EndChunk();
    return true;
  }
  size_t size = std::min<uint64_t>(Buffered(), chunk.remaining);
  if (size == 0) return false;
  std::string_view bytes = std::string_view(in_).substr(at_, size);
  at_ += size;
  scanned_ = at_;
  chunk.remaining -= size;
  if (chunk.failure) return true;
  std::string_view body = transaction_->chunk_reader.Read(bytes);
  if (transaction_->chunk_reader.malformed()) transaction_->failure = Malformed();
  TakeContent(body);
  return true;
}

void ServerSession::EndChunk() {
  Chunk chunk = std::move(std::get<Chunk>(state_));
  if (transaction_ && chunk.last && !chunk.failure) {
    transaction_->chunk_reader.Finish();
    if (transaction_->chunk_reader.malformed()) transaction_->failure = Malformed();
  }
  if (transaction_ && chunk.failure) transaction_->failure = chunk.failure;
  if (transaction_ && chunk.last) return EndContent();
  state_ = Command{};
  // RFC 3030 2: after a failure only RSET makes sense; the chunks that follow get 503.
  if (transaction_ && transaction_->failure) chunk.failure = std::move(transaction_->failure);
  if (chunk.failure) {
    transaction_.reset();
    return Reply(*chunk.failure);
  }
  Reply({250, "2.0.0", fmt::format("{} octets", chunk.size)});
}

// The content is complete: asks for its end, or says why it is not wanted.
void ServerSession::EndContent() {
  state_ = Command{};
  if (transaction_->failure) {
    Outcome outcome = Refuse{*transaction_->failure};
    return OnMessageEnded(outcome);
  }
  open_ = Open::kEnd;
  Ask(EndMessage{&transaction_->envelope, transaction_->stored});
}

void ServerSession::OnMessageEnded(Outcome& outcome) {
  size_t recipients = transaction_->envelope.recipients.size();
  transaction_.reset();
  junk_ = 0;
  auto* accept = std::get_if<Accept>(&outcome);
  const SmtpReply* refusal = Refusal(outcome);
  SmtpReply reply = refusal ? *refusal : accept->reply.value_or(SmtpReply{250, "2.0.0", "ok"});
  if (options_.mode != Mode::kLmtp) return Reply(reply);
  // RFC 2033 4.2: one for each RCPT that was accepted.
  for (size_t i = 0; i < std::max<size_t>(recipients, 1); ++i) {
    bool own = accept && i < accept->per_recipient.size();
    Reply(own ? accept->per_recipient[i] : reply);
  }
}

}  // namespace pennypost::smtp
