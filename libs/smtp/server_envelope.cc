// MAIL and RCPT (RFC 5321 4.1.1.2, 4.1.1.3): state and policy; the syntax is in parse_mail.cc and
// parse_rcpt.cc.

#include "smtp/parse_envelope.h"
#include "smtp/server_session.h"

namespace pennypost::smtp {

void ServerSession::OnMail(std::string_view args) {
  junk_ = 0;
  EnvelopeOptions envelope_options{.smtputf8 = options_.smtputf8,
                                   .dsn = options_.dsn,
                                   .auth = !options_.auth_mechanisms.empty(),
                                   .max_size = options_.limits.message_size};
  Transaction transaction;
  if (auto error = ParseMail(args, envelope_options, transaction.envelope)) return Reply(*error);
  transaction.chunk_reader = ChunkReader(options_.bare_line_feeds);
  transaction.header = mail::HeaderMeter(options_.limits.header);
  transaction_ = std::move(transaction);
  open_ = Open::kSender;
  Ask(CheckSender{&transaction_->envelope});
}

void ServerSession::OnSenderChecked(Outcome& outcome) {
  if (const SmtpReply* refusal = Refusal(outcome)) {
    transaction_.reset();
    return Reply(*refusal);
  }
  Reply(std::get<Accept>(outcome).reply.value_or(SmtpReply{250, "2.1.0", "ok"}));
}

void ServerSession::OnRcpt(std::string_view args) {
  Transaction& transaction = *transaction_;
  if (transaction.in_chunks) return Reply({503, "5.5.1", "content has begun"});
  if (++transaction.recipients_tried > options_.limits.recipients_tried) {
    return Fail({421, "4.7.0", "too many recipients"}, CloseReason::kErrors);
  }
  EnvelopeOptions envelope_options{.smtputf8 = transaction.envelope.smtputf8, .dsn = options_.dsn};
  if (auto error = ParseRcpt(args, envelope_options, transaction.candidate)) return Reply(*error);
  // RFC 5321 4.5.3.1.10: those accepted so far stand.
  if (transaction.envelope.recipients.size() >= options_.limits.recipients) {
    return Reply({452, "4.5.3", "too many recipients"});
  }
  open_ = Open::kRecipient;
  Ask(CheckRecipient{&transaction.envelope, &transaction.candidate});
}

void ServerSession::OnRecipientChecked(Outcome& outcome) {
  if (const SmtpReply* refusal = Refusal(outcome)) return Reply(*refusal);
  transaction_->envelope.recipients.push_back(std::move(transaction_->candidate));
  Reply(std::get<Accept>(outcome).reply.value_or(SmtpReply{250, "2.1.5", "ok"}));
}

}  // namespace pennypost::smtp
