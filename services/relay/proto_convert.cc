#include "services/relay/proto_convert.h"

#include "base/text.h"
#include "rpc/timestamp.h"

namespace pennypost::relay {
namespace {

Recipient RecipientOf(const v1::EnqueueRecipient& in) {
  Recipient out;
  out.address = in.address();
  out.account_id = in.account_id();
  out.folder = in.folder();
  out.quota_bytes = in.quota_bytes();
  out.notify = {in.dsn().notify_never(), in.dsn().notify_success(), in.dsn().notify_failure(),
                in.dsn().notify_delay()};
  out.original = in.dsn().original_recipient();
  return out;
}

}  // namespace

absl::StatusOr<Event> FromProto(const history::v1::Event& event, absl::Time now) {
  std::optional<Uuid> mail_id = Uuid::FromString(event.mail_id());
  if (!mail_id) return SyntaxError("an event needs the mail_id of its message");
  return Event{*mail_id,        event.has_time() ? rpc::TimeOf(event.time()) : now,
               event.service(), event.kind(),
               event.sender(),  event.recipient(),
               event.detail()};
}

absl::StatusOr<NewMessage> FromProto(const v1::EnqueueRequest& request, absl::Time now) {
  std::optional<Uuid> mail_id = Uuid::FromString(request.mail_id());
  if (!mail_id) return SyntaxError("mail_id must be a UUID");
  if (request.recipients().empty()) return SyntaxError("a message needs a recipient");
  if (request.content().empty()) return SyntaxError("a message needs content");
  NewMessage message;
  Message& out = message.message;
  out.mail_id = *mail_id;
  out.sender = request.envelope().sender();
  out.return_headers_only = request.envelope().return_headers_only();
  out.envelope_id = request.envelope().envelope_id();
  out.smtputf8 = request.envelope().smtputf8();
  out.body_8bit = request.envelope().body_8bit();
  out.auth_user = request.origin().auth_user();
  out.queued_at = now;
  out.content = request.content();
  for (const v1::EnqueueRecipient& recipient : request.recipients()) {
    if (recipient.address().empty()) return SyntaxError("a recipient needs an address");
    message.recipients.push_back(RecipientOf(recipient));
  }
  for (const history::v1::Event& event : request.events()) {
    ASSIGN_OR_RETURN(Event converted, FromProto(event, now));
    message.events.push_back(std::move(converted));
  }
  message.hold_reason = request.hold_reason();
  for (const Recipient& recipient : message.recipients) {
    std::string kind = message.hold_reason.empty() ? "queued" : "held";
    message.events.push_back(
        {*mail_id, now, "relay", kind, out.sender, recipient.address, message.hold_reason});
  }
  return message;
}

absl::StatusOr<DeliveryFilter> FromProto(const v1::DeliveryFilter& in) {
  DeliveryFilter filter;
  if (!in.mail_id().empty()) {
    filter.mail_id = Uuid::FromString(in.mail_id());
    if (!filter.mail_id) return SyntaxError("mail_id must be a UUID");
  }
  filter.sender = in.sender();
  filter.recipient = in.recipient();
  filter.recipient_domain = ToLower(in.recipient_domain());
  if (!in.state().empty()) {
    filter.state = StateFromName(in.state());
    if (!filter.state) return SyntaxError("unknown state '" + in.state() + "'");
  }
  return filter;
}

absl::StatusOr<Change> FromProto(v1::ChangeDeliveriesRequest::Action action) {
  switch (action) {
    case v1::ChangeDeliveriesRequest::ACTION_HOLD:
      return Change::kHold;
    case v1::ChangeDeliveriesRequest::ACTION_RELEASE:
      return Change::kRelease;
    case v1::ChangeDeliveriesRequest::ACTION_RETRY:
      return Change::kRetry;
    case v1::ChangeDeliveriesRequest::ACTION_CANCEL:
      return Change::kCancel;
    default:
      return SyntaxError("a change needs its action");
  }
}

std::string TokenOf(const DeliveryRow& row) {
  return row.mail_id.ToString() + "/" + std::to_string(row.rcpt_no);
}

absl::StatusOr<Position> PositionFromToken(const std::string& token) {
  if (token.empty()) return Position{Uuid(), -1};
  size_t slash = token.find('/');
  std::optional<Uuid> mail_id = Uuid::FromString(std::string_view(token).substr(0, slash));
  std::optional<uint64_t> number;
  if (slash != std::string::npos) number = ParseUint(std::string_view(token).substr(slash + 1));
  if (!mail_id || !number || *number > 1'000'000) return SyntaxError("page_token is none of ours");
  return Position{*mail_id, static_cast<int>(*number)};
}

void ToProto(const DeliveryRow& row, v1::Delivery& out) {
  out.set_mail_id(row.mail_id.ToString());
  out.set_recipient_no(static_cast<uint32_t>(row.rcpt_no));
  out.set_sender(row.sender);
  out.set_recipient(row.recipient);
  out.set_state(std::string(StateName(row.state)));
  out.set_attempts(static_cast<uint32_t>(row.attempts));
  rpc::SetTime(row.queued_at, out.mutable_queued_at());
  if (row.state == State::kQueued) rpc::SetTime(row.next_at, out.mutable_next_attempt_at());
  out.set_last_reply(row.last_reply);
  out.set_route(row.route);
  out.set_size(static_cast<uint64_t>(row.size));
}

void ToProto(const Event& event, history::v1::Event& out) {
  out.set_mail_id(event.mail_id.ToString());
  rpc::SetTime(event.time, out.mutable_time());
  out.set_service(event.service);
  out.set_kind(event.kind);
  out.set_sender(event.sender);
  out.set_recipient(event.recipient);
  out.set_detail(event.detail);
}

}  // namespace pennypost::relay
