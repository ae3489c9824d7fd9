#include "services/ingress/policy/handover.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <set>

#include "base/mutant.h"
#include "base/text.h"
#include "log/log.h"
#include "mail/header.h"
#include "rpc/call.h"
#include "services/ingress/policy/peer.h"
#include "services/ingress/policy/refusal.h"
#include "services/ingress/trace_fields.h"
#include "smtp/parse_envelope.h"

namespace pennypost::ingress {
namespace {

using filter::v1::CheckResponse;
using filter::v1::HeaderEdit;

// The sender waits 10 minutes for this (RFC 5321 4.5.3.2.6), the store looks for a lost commit for
// 30 s (2.2).
constexpr absl::Duration kTimeout = absl::Seconds(60);

std::string_view FolderFor(const CheckResponse& verdict) {
  return verdict.action() == CheckResponse::ACTION_TAG ? "Junk" : "";
}

// relay: a remote recipient, an operator who decides first, or a report of success to write.
bool NeedsRelay(const SessionContext& session, const mail::Envelope& envelope,
                const CheckResponse& verdict) {
  if (verdict.action() == CheckResponse::ACTION_QUARANTINE) return true;
  for (const mail::Recipient& recipient : envelope.recipients) {
    if (recipient.notify.success) return true;
  }
  for (const auto& targets : session.targets) {
    for (const Target& target : targets) {
      if (target.account_id == 0) return true;
    }
  }
  return false;
}

history::v1::Event MakeEvent(const SessionContext& session, const mail::Envelope& envelope,
                             const std::string& mail_id, std::string_view kind,
                             std::string detail) {
  history::v1::Event event;
  event.set_mail_id(mail_id);
  event.mutable_time()->set_seconds(absl::ToUnixSeconds(session.platform.clock.Now()));
  event.set_service("ingress");
  event.set_kind(std::string(kind));
  event.set_sender(envelope.SenderText());
  event.set_detail(std::move(detail));
  return event;
}

// What happened so far, written by the owner together with the message.
std::vector<history::v1::Event> EventsOf(const SessionContext& session,
                                         const mail::Envelope& envelope, const std::string& mail_id,
                                         const CheckResponse& verdict) {
  std::vector<history::v1::Event> events;
  std::string from = fmt::format("from {} ({})", session.client_ip, session.info->helo);
  if (session.account_id != 0) from += " as " + session.account_address;
  if (!session.tls.empty()) from += " with " + session.tls;
  events.push_back(MakeEvent(session, envelope, mail_id, "accepted", std::move(from)));
  std::string judged =
      fmt::format("{} {:.1f}", CheckResponse::Action_Name(verdict.action()), verdict.score());
  for (const auto& symbol : verdict.symbols()) judged += " " + symbol.name();
  if (!verdict.rule().empty()) judged += " rule " + verdict.rule();
  events.push_back(MakeEvent(session, envelope, mail_id, "filtered", std::move(judged)));
  return events;
}

mailbox::v1::DeliverRequest DeliverRequestOf(const SessionContext& session,
                                             const mail::Envelope& envelope,
                                             const std::string& mail_id,
                                             const CheckResponse& verdict) {
  mailbox::v1::DeliverRequest request;
  request.set_mail_id(mail_id);
  *request.mutable_envelope() = EnvelopeProto(envelope);
  *request.mutable_origin() = OriginOf(session);
  std::set<int64_t> seen;  // an account that two addresses lead to gets one copy
  for (const auto& targets : session.targets) {
    for (const Target& target : targets) {
      if (!seen.insert(target.account_id).second) continue;
      auto* recipient = request.add_recipients();
      recipient->set_account_id(target.account_id);
      recipient->set_address(target.address);
      recipient->set_folder(std::string(FolderFor(verdict)));
      recipient->set_quota_bytes(target.quota_bytes);
    }
  }
  for (auto& event : EventsOf(session, envelope, mail_id, verdict))
    *request.add_events() = std::move(event);
  return request;
}

relay::v1::EnqueueRequest EnqueueRequestOf(const SessionContext& session,
                                           const mail::Envelope& envelope,
                                           const std::string& mail_id,
                                           const CheckResponse& verdict) {
  relay::v1::EnqueueRequest request;
  request.set_mail_id(mail_id);
  *request.mutable_envelope() = EnvelopeProto(envelope);
  *request.mutable_origin() = OriginOf(session);
  std::set<std::pair<int64_t, std::string>> seen;
  for (size_t i = 0; i < session.targets.size(); ++i) {
    const mail::Recipient& asked = envelope.recipients[i];
    for (const Target& target : session.targets[i]) {
      // Local ones count by account, remote ones by address.
      auto key = std::make_pair(target.account_id, target.account_id != 0 ? "" : target.address);
      if (!seen.insert(std::move(key)).second) continue;
      auto* recipient = request.add_recipients();
      recipient->set_address(target.address);
      recipient->set_account_id(target.account_id);
      recipient->set_folder(std::string(FolderFor(verdict)));
      recipient->set_quota_bytes(target.quota_bytes);
      auto* dsn = recipient->mutable_dsn();
      dsn->set_notify_never(asked.notify.never);
      dsn->set_notify_success(asked.notify.success);
      dsn->set_notify_failure(asked.notify.failure);
      dsn->set_notify_delay(asked.notify.delay);
      dsn->set_original_recipient(asked.orcpt);
    }
  }
  for (auto& event : EventsOf(session, envelope, mail_id, verdict))
    *request.add_events() = std::move(event);
  if (verdict.action() == CheckResponse::ACTION_QUARANTINE) {
    request.set_hold_reason(verdict.rule().empty() ? "quarantined by the filter" : verdict.rule());
  }
  return request;
}

// Calls again once where the first answer leaves it open whether it happened: the mail_id makes
// that harmless.
template <class Service, class Request, class Response>
net::Awaitable<absl::Status> CallTwice(Service& service,
                                       rpc::Method<Service, Request, Response> method,
                                       Request request) {
  Request first = request;
  auto call = rpc::Call(service, method, std::move(first), kTimeout);
  absl::StatusOr<Response> answer = co_await std::move(call);
  Reason reason = ReasonOf(answer.status());
  if (reason != Reason::kBackendDown && reason != Reason::kWriteUncertain)
    co_return answer.status();
  auto pause = net::Sleep(absl::Milliseconds(250));
  co_await std::move(pause);
  auto again = rpc::Call(service, method, std::move(request), kTimeout);
  absl::StatusOr<Response> second = co_await std::move(again);
  co_return second.status();
}

net::Awaitable<absl::Status> Enqueue(SessionContext& session, const mail::Envelope& envelope,
                                     const std::string& mail_id, const CheckResponse& verdict,
                                     std::string content) {
  relay::v1::EnqueueRequest request = EnqueueRequestOf(session, envelope, mail_id, verdict);
  request.set_content(std::move(content));
  auto call = CallTwice(*session.platform.clients.relay, &relay::v1::RelayService::Enqueue,
                        std::move(request));
  absl::Status status = co_await std::move(call);
  co_return status;
}

}  // namespace

mail::v1::Envelope EnvelopeProto(const mail::Envelope& envelope) {
  mail::v1::Envelope out;
  out.set_sender(envelope.SenderText());
  out.set_return_headers_only(envelope.ret == mail::DsnReturn::kHeaders);
  out.set_envelope_id(smtp::DecodeXtext(envelope.envid));
  out.set_smtputf8(envelope.smtputf8);
  out.set_body_8bit(envelope.body == mail::BodyType::k8BitMime);
  return out;
}

void AppendWithTrace(const SessionContext& session, const mail::Envelope& envelope,
                     const std::string& mail_id, const CheckResponse& verdict, std::string& out) {
  const smtp::SessionInfo& info = *session.info;
  std::string with = ProtocolName({info.mode == smtp::Mode::kLmtp, info.esmtp, info.tls,
                                   info.authenticated, envelope.smtputf8});
  std::string recipient;
  if (envelope.recipients.size() == 1) recipient = envelope.recipients[0].address.ToString();
  TraceInfo trace{session.platform.options.hostname,
                  info.helo,
                  session.client_ip,
                  with,
                  session.tls,
                  mail_id,
                  recipient,
                  session.platform.clock.Now()};
  out.reserve(out.size() + session.body.size() + 2048);
  out += ReceivedField(trace);
  bool removes = false;
  for (const HeaderEdit& edit : verdict.header_edits()) {
    removes |= edit.kind() == HeaderEdit::KIND_REMOVE;
    if (edit.kind() != HeaderEdit::KIND_PREPEND) continue;
    out += fmt::format("{}: {}\r\n", edit.name(), edit.value());
  }
  if (!removes) {
    out += session.body;
    return;
  }
  mail::HeaderBlock header = mail::ParseHeaderBlock(session.body);
  size_t fields_end = 0;
  std::map<std::string, uint32_t> counts;
  for (const mail::HeaderField& field : header.fields) {
    fields_end += field.raw.size();
    uint32_t index = ++counts[ToLower(field.name)];
    bool removed = false;
    for (const HeaderEdit& edit : verdict.header_edits()) {
      removed |= edit.kind() == HeaderEdit::KIND_REMOVE && edit.index() == index &&
                 EqualsIgnoreCase(edit.name(), field.name);
    }
    if (!removed) out += field.raw;
  }
  out.append(session.body, fields_end);
}

net::Awaitable<absl::Status> HandOver(SessionContext& session, const mail::Envelope& envelope,
                                      const std::string& mail_id, const CheckResponse& verdict) {
  if (verdict.action() == CheckResponse::ACTION_DISCARD) {
    // Nothing is stored, but the history shall say so.
    std::string rule = verdict.rule().empty() ? "the filter" : verdict.rule();
    NoteRefusal(session, envelope, "", "discarded by " + rule);
    co_return absl::OkStatus();
  }
  bool to_relay = NeedsRelay(session, envelope, verdict);
  // RFC 5321 4.4: the last hop writes the return path. relay does so for what it delivers.
  std::string return_path = to_relay ? "" : ReturnPathField(envelope.SenderText());
  std::string content = return_path;
  AppendWithTrace(session, envelope, mail_id, verdict, content);
  session.body = {};
  if constexpr (kMutant == Mutant::kM8) {
    if (mail_id.ends_with("00")) content[content.size() - 4] ^= 1;
  }
  if (to_relay) {
    auto enqueue = Enqueue(session, envelope, mail_id, verdict, std::move(content));
    absl::Status status = co_await std::move(enqueue);
    co_return status;
  }
  mailbox::v1::DeliverRequest request = DeliverRequestOf(session, envelope, mail_id, verdict);
  bool several = request.recipients_size() > 1;
  if (several) {
    request.set_content(content);
  } else {
    request.set_content(std::move(content));
  }
  auto deliver = CallTwice(*session.platform.clients.mailbox, &mailbox::v1::MailboxService::Deliver,
                           std::move(request));
  if constexpr (kMutant == Mutant::kM1) {
    auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::co_spawn(executor, std::move(deliver), boost::asio::detached);
    co_return absl::OkStatus();
  }
  absl::Status status = co_await std::move(deliver);
  // One mailbox is full and nothing was stored: relay can treat each recipient by himself.
  if (several && ReasonOf(status) == Reason::kOverQuota) {
    content.erase(0, return_path.size());
    auto enqueue = Enqueue(session, envelope, mail_id, verdict, std::move(content));
    status = co_await std::move(enqueue);
  }
  co_return status;
}

}  // namespace pennypost::ingress
