#include "services/ingress/policy/recipient.h"

#include "base/mutant.h"
#include "log/log.h"
#include "rpc/call.h"
#include "services/ingress/policy/filter.h"
#include "services/ingress/policy/peer.h"
#include "services/ingress/policy/refusal.h"
#include "services/ingress/smtp_error.h"

namespace pennypost::ingress {
namespace {

using directory::v1::ResolveRecipientResponse;

constexpr absl::Duration kTimeout = absl::Seconds(5);
// An account with plenty of room that fills up before it is asked about again is refused by the
// transaction of its delivery.
constexpr absl::Duration kRoomyLife = absl::Seconds(10);

void LogRefusal(SessionContext& session, const mail::Envelope& envelope,
                const std::string& recipient, const mail::SmtpReply& reply) {
  log::Info("smtp.rcpt.refused", {{"session", session.session_id},
                                  {"client_ip", session.client_ip},
                                  {"sender", envelope.SenderText()},
                                  {"recipient", recipient},
                                  {"reply", reply.ToString()}});
  NoteRefusal(session, envelope, recipient, reply.ToString());
}

// What directory's answer means without looking further; nothing if the recipient is good so far.
std::optional<smtp::Outcome> Judge(const SessionContext& session,
                                   const ResolveRecipientResponse& answer) {
  switch (answer.kind()) {
    case ResolveRecipientResponse::KIND_DELIVERABLE:
      return std::nullopt;
    case ResolveRecipientResponse::KIND_REMOTE_DOMAIN:
      if (session.info->authenticated) return std::nullopt;
      return smtp::Refuse{{550, "5.7.1", "relaying denied"}};
    case ResolveRecipientResponse::KIND_UNKNOWN_USER:
    case ResolveRecipientResponse::KIND_DISABLED:
      return smtp::Refuse{{550, "5.1.1", "no such user here"}};
    case ResolveRecipientResponse::KIND_LOOP:
      return smtp::Refuse{{550, "5.4.6", "the address leads back to itself"}};
    case ResolveRecipientResponse::KIND_NOT_ALLOWED:
      return smtp::Refuse{{550, "5.7.1", answer.detail()}};
    case ResolveRecipientResponse::KIND_EMPTY_GROUP:
      return smtp::Refuse{{550, "5.2.4", "the group has no members"}};
    case ResolveRecipientResponse::KIND_TOO_LARGE:
      return smtp::Refuse{{550, "5.2.4", "the address leads to too many others"}};
    case ResolveRecipientResponse::KIND_SUSPENDED:
      return smtp::Defer{{450, "4.2.1", "this mailbox takes no mail for now, try again later"}};
    default:
      break;  // an answer of a newer directory
  }
  return smtp::Defer{{451, "4.3.0", "temporary problem here, try again later"}};
}

std::vector<Target> TargetsOf(const ResolveRecipientResponse& answer, const std::string& address) {
  std::vector<Target> targets;
  for (const auto& target : answer.targets()) {
    targets.push_back({target.account_id(), target.address(), target.quota_bytes()});
  }
  if (targets.empty()) targets.push_back({0, address, 0});
  return targets;
}

// The transaction of the delivery has the last word; this spares a client the way there.
net::Awaitable<absl::Status> CheckRoom(SessionContext& session, const Target& target,
                                       uint64_t size) {
  if (target.quota_bytes <= 0) co_return absl::OkStatus();
  std::string account = std::to_string(target.account_id);
  if (session.platform.roomy.Find(account) == target.quota_bytes) co_return absl::OkStatus();
  mailbox::v1::CheckQuotaRequest question;
  question.set_account_id(target.account_id);
  question.set_quota_bytes(target.quota_bytes);
  question.set_size(static_cast<int64_t>(size));
  auto call = rpc::Call(*session.platform.clients.mailbox, &mailbox::v1::MailboxService::CheckQuota,
                        std::move(question), kTimeout);
  absl::StatusOr<mailbox::v1::CheckQuotaResponse> answer = co_await std::move(call);
  if (answer.ok() && answer->plenty())
    session.platform.roomy.Put(std::move(account), target.quota_bytes, kRoomyLife);
  co_return answer.status();
}

net::Awaitable<std::optional<mail::SmtpReply>> FilterRecipient(SessionContext& session,
                                                               const mail::Envelope& envelope,
                                                               const std::string& address) {
  filter::v1::CheckRequest request;
  request.set_stage(filter::v1::CheckRequest::STAGE_RECIPIENT);
  *request.mutable_origin() = OriginOf(session);
  request.mutable_envelope()->set_sender(envelope.SenderText());
  request.add_recipients(address);
  auto call = AskFilter(session.platform, std::move(request));
  absl::StatusOr<filter::v1::CheckResponse> answer = co_await std::move(call);
  if (!answer.ok()) co_return std::nullopt;  // judged again with the message
  co_return RefusalOf(*answer);
}

net::Awaitable<smtp::Outcome> Decide(SessionContext& session, const mail::Envelope& envelope,
                                     const std::string& address) {
  directory::v1::ResolveRecipientRequest question;
  question.set_address(address);
  question.mutable_poster()->set_account_id(session.account_id);
  question.mutable_poster()->set_sender(envelope.SenderText());
  auto call =
      rpc::Call(*session.platform.clients.directory,
                &directory::v1::DirectoryService::ResolveRecipient, std::move(question), kTimeout);
  absl::StatusOr<ResolveRecipientResponse> answer = co_await std::move(call);
  if constexpr (kMutant == Mutant::kM7) {
    if (!answer.ok()) co_return smtp::Refuse{{550, "5.1.1", "no such user"}};
  }
  if (!answer.ok()) {
    // Whatever it is, it is not known that the user does not exist.
    mail::SmtpReply reply = ReplyFor(answer.status(), At::kAddress);
    if (!reply.IsTransient()) reply = {451, "4.3.0", "temporary problem here, try again later"};
    co_return smtp::Defer{std::move(reply)};
  }
  if (auto verdict = Judge(session, *answer)) co_return *std::move(verdict);
  std::vector<Target> targets = TargetsOf(*answer, address);
  // One of many members without room is relay's matter: the others shall have the mail.
  if (targets.size() == 1 && targets[0].account_id != 0) {
    auto check = CheckRoom(session, targets[0], envelope.declared_size);
    absl::Status room = co_await std::move(check);
    if (ReasonOf(room) == Reason::kOverQuota) co_return smtp::Defer{ReplyFor(room)};
  }
  bool stranger = session.info->mode == smtp::Mode::kSmtp && !session.info->authenticated;
  if (stranger && session.recipients_judged) {
    auto ask = FilterRecipient(session, envelope, address);
    std::optional<mail::SmtpReply> refusal = co_await std::move(ask);
    if (refusal && refusal->IsPermanent()) co_return smtp::Refuse{*std::move(refusal)};
    if (refusal) co_return smtp::Defer{*std::move(refusal)};
  }
  session.targets.push_back(std::move(targets));
  co_return smtp::Accept{};
}

}  // namespace

net::Awaitable<smtp::Outcome> CheckRecipient(SessionContext& session,
                                             const mail::Envelope& envelope,
                                             const mail::Recipient& recipient) {
  std::string address = recipient.address.ToString();
  // RFC 5321 4.5.1: <postmaster> is ours.
  if (recipient.address.domain.empty()) address += "@" + session.platform.options.hostname;
  auto decide = Decide(session, envelope, address);
  smtp::Outcome outcome = co_await std::move(decide);
  if (auto* refuse = std::get_if<smtp::Refuse>(&outcome)) {
    LogRefusal(session, envelope, address, refuse->reply);
  } else if (auto* defer = std::get_if<smtp::Defer>(&outcome)) {
    LogRefusal(session, envelope, address, defer->reply);
  }
  co_return outcome;
}

}  // namespace pennypost::ingress
