#include "services/ingress/policy/message.h"

#include "base/failpoint.h"
#include "base/id.h"
#include "log/log.h"
#include "mail/header.h"
#include "metrics/metrics.h"
#include "net/wait_for_credit.h"
#include "services/ingress/policy/filter.h"
#include "services/ingress/policy/handover.h"
#include "services/ingress/policy/peer.h"
#include "services/ingress/policy/refusal.h"
#include "services/ingress/policy/sender.h"
#include "services/ingress/policy/submission.h"
#include "services/ingress/smtp_error.h"
#include "services/ingress/trace_fields.h"

namespace pennypost::ingress {
namespace {

using filter::v1::CheckResponse;
using mail::SmtpReply;

// RFC 6409 8; S6.
net::Awaitable<std::optional<SmtpReply>> CheckAuthors(SessionContext& session,
                                                      const mail::HeaderBlock& header) {
  absl::StatusOr<std::vector<std::string>> authors = AuthorsOf(header);
  if (!authors.ok()) co_return SmtpReply{550, "5.7.1", MessageOf(authors.status())};
  auto check = CheckOwnership(session, *std::move(authors));
  absl::Status status = co_await std::move(check);
  if (status.ok()) co_return std::nullopt;
  if (status.code() == absl::StatusCode::kPermissionDenied) {
    co_return SmtpReply{550, "5.7.1", "the message names an author who is not you"};
  }
  co_return ReplyFor(status);
}

net::Awaitable<absl::StatusOr<CheckResponse>> FilterMessage(SessionContext& session,
                                                            const mail::Envelope& envelope,
                                                            const std::string& mail_id) {
  filter::v1::CheckRequest request;
  request.set_stage(filter::v1::CheckRequest::STAGE_MESSAGE);
  request.set_mail_id(mail_id);
  *request.mutable_origin() = OriginOf(session);
  *request.mutable_envelope() = EnvelopeProto(envelope);
  for (const mail::Recipient& recipient : envelope.recipients) {
    request.add_recipients(recipient.address.ToString());
  }
  request.set_content(session.body);
  request.set_authserv_id(session.platform.options.hostname);
  auto call = AskFilter(session.platform, std::move(request));
  absl::StatusOr<CheckResponse> answer = co_await std::move(call);
  if (answer.ok() || session.platform.options.defer_without_filter) co_return answer;
  CheckResponse unjudged;
  unjudged.set_action(CheckResponse::ACTION_ALLOW);
  unjudged.set_rule("filter-unavailable");
  co_return unjudged;
}

// `result` is accepted, refused (for good) or deferred.
void CountMessage(const char* result, absl::Duration took) {
  metrics::Counter("pennypost_ingress_messages_total", "Messages at the end of their content",
                   {{"result", result}})
      .Increment();
  static auto& duration = metrics::DurationHistogram("pennypost_ingress_message_duration_seconds",
                                                     "From the end of the content to the answer");
  duration.Observe(absl::ToDoubleSeconds(took));
}

smtp::Outcome Refused(SessionContext& session, const mail::Envelope& envelope,
                      const std::string& mail_id, const SmtpReply& reply) {
  log::Info("smtp.message.refused", {{"session", session.session_id},
                                     {"mail_id", mail_id},
                                     {"client_ip", session.client_ip},
                                     {"sender", envelope.SenderText()},
                                     {"size", uint64_t{session.body.size()}},
                                     {"reply", reply.ToString()}});
  NoteRefusal(session, envelope, "", reply.ToString());
  if (reply.IsPermanent()) return smtp::Refuse{reply};
  return smtp::Defer{reply};
}

net::Awaitable<smtp::Outcome> Decide(SessionContext& session, const mail::Envelope& envelope) {
  Platform& platform = session.platform;
  absl::Time now = platform.clock.Now();
  const std::string mail_id = session.mail_id;
  mail::HeaderBlock header = mail::ParseHeaderBlock(session.body);
  if (header.Count("Received") > platform.options.max_hops) {  // RFC 5321 6.3, S15
    SmtpReply loops{554, "5.4.6", "too many hops: the message loops"};
    co_return Refused(session, envelope, mail_id, loops);
  }
  if (session.info->mode == smtp::Mode::kSubmission) {
    auto check = CheckAuthors(session, header);
    std::optional<SmtpReply> refusal = co_await std::move(check);
    if (refusal) co_return Refused(session, envelope, mail_id, *refusal);
    SubmissionFixes fixes{now, mail_id, platform.options.hostname};
    session.body = FixSubmission(std::move(session.body), header, fixes);
  }
  auto ask = FilterMessage(session, envelope, mail_id);
  absl::StatusOr<CheckResponse> verdict = co_await std::move(ask);
  if (!verdict.ok()) {
    co_return Refused(session, envelope, mail_id,
                      {451, "4.7.1", "cannot check mail now, try again later"});
  }
  if (auto refusal = RefusalOf(*verdict)) {
    co_return Refused(session, envelope, mail_id, *refusal);
  }
  auto hand_over = HandOver(session, envelope, mail_id, *verdict);
  absl::Status stored = co_await std::move(hand_over);
  stored.Update(Failpoint("ingress.stored"));
  if (!stored.ok()) {
    log::Error("smtp.message.not_stored", {{"mail_id", mail_id}, {"error", Describe(stored)}});
    SmtpReply reply = ReplyFor(stored);
    // The recipients were good a moment ago: whatever the owner now says, the sender may try again.
    if (!reply.IsTransient()) reply = {451, "4.3.0", "temporary problem here, try again later"};
    co_return Refused(session, envelope, mail_id, reply);
  }
  log::Info("smtp.message.accepted",
            {{"session", session.session_id},
             {"mail_id", mail_id},
             {"client_ip", session.client_ip},
             {"sender", envelope.SenderText()},
             {"recipients", uint64_t{envelope.recipients.size()}},
             {"verdict", CheckResponse::Action_Name(verdict->action())},
             {"ms", absl::ToDoubleMilliseconds(platform.clock.Now() - now)}});
  co_return smtp::Accept{.reply = SmtpReply{250, "2.0.0", "accepted as " + mail_id},
                         .per_recipient = {}};
}

}  // namespace

net::Awaitable<smtp::Outcome> WaitForRoom(SessionContext& session, size_t bytes) {
  auto wait = net::WaitForCredit(session.lease, bytes);
  bool has_room = co_await std::move(wait);
  if (has_room) co_return smtp::Accept{};
  log::Warning("smtp.body_budget.exhausted", {{"session", session.session_id}});
  co_return smtp::Defer{{452, "4.3.1", "no room here now, try again later"}};
}

net::Awaitable<smtp::Outcome> AcceptMessage(SessionContext& session,
                                            const mail::Envelope& envelope) {
  absl::Time since = session.platform.clock.Now();
  auto decide = Decide(session, envelope);
  smtp::Outcome outcome = co_await std::move(decide);
  const char* result = std::holds_alternative<smtp::Accept>(outcome)   ? "accepted"
                       : std::holds_alternative<smtp::Refuse>(outcome) ? "refused"
                                                                       : "deferred";
  CountMessage(result, session.platform.clock.Now() - since);
  session.body = {};
  session.lease.Release();
  session.targets.clear();
  co_return outcome;
}

}  // namespace pennypost::ingress
