// APPEND (RFC 9051 6.3.12, RFC 3502, RFC 4469).

#include <absl/time/clock.h>
#include <fmt/format.h>

#include "base/id.h"
#include "mail/header_meter.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"
#include "services/access/imap/progress.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

// It is not known whether these wrote anything. The same request ids make a second try safe.
bool IsUncertain(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnknown ||
         status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kAborted;
}

// What both calls have of a message.
template <class Out>
void Fill(const imap::Append& append, const imap::Append::Message& message,
          const std::string& request_id, Out& out) {
  std::string_view content = append.content(message);
  out.set_content(content.data(), content.size());
  for (const std::string& flag : message.flags) out.add_flags(flag);
  if (message.date) out.mutable_internal_date()->set_seconds(absl::ToUnixSeconds(*message.date));
  out.set_request_id(request_id);
}

// One message goes into the batches of the store's queue.
net::Awaitable<absl::StatusOr<Appended>> AppendOne(ImapContext& context, const Place& place,
                                                   const imap::Append& append,
                                                   const std::vector<std::string>& ids,
                                                   int64_t quota_bytes) {
  auto request = ForAccount<pb::AppendRequest>(context, place.owner.id);
  request.set_mailbox(place.mailbox);
  request.set_quota_bytes(quota_bytes);
  Fill(append, append.messages[0], ids[0], request);
  auto response = co_await CallWithProgress(context, &pb::MailboxService::Append,
                                            std::move(request), kWriteTimeout);
  if (!response.ok()) co_return response.status();
  co_return Appended{response->uid_validity(), response->mailbox_id(), {response->uid()}};
}

net::Awaitable<absl::StatusOr<Appended>> AppendAll(ImapContext& context, const Place& place,
                                                   const imap::Append& append,
                                                   const std::vector<std::string>& ids,
                                                   int64_t quota_bytes) {
  auto request = ForAccount<pb::MultiAppendRequest>(context, place.owner.id);
  request.set_mailbox(place.mailbox);
  request.set_quota_bytes(quota_bytes);
  for (size_t i = 0; i < ids.size(); ++i)
    Fill(append, append.messages[i], ids[i], *request.add_messages());
  auto response = co_await CallWithProgress(context, &pb::MailboxService::MultiAppend,
                                            std::move(request), kWriteTimeout);
  if (!response.ok()) co_return response.status();
  co_return Appended{response->uid_validity(),
                     response->mailbox_id(),
                     {response->uids().begin(), response->uids().end()}};
}

// The request is built anew for a second try: messages may be large, and one copy is enough.
net::Awaitable<absl::StatusOr<Appended>> Try(ImapContext& context, const Place& place,
                                             const imap::Append& append,
                                             const std::vector<std::string>& ids,
                                             int64_t quota_bytes) {
  if (ids.size() == 1) co_return co_await AppendOne(context, place, append, ids, quota_bytes);
  co_return co_await AppendAll(context, place, append, ids, quota_bytes);
}

}  // namespace

imap::Result TooManyMessages(const ImapContext& context) {
  size_t limit = context.session.save_limit();
  return imap::No("Too many messages in one command, none was stored",
                  fmt::format("MESSAGELIMIT {}", limit));
}

std::optional<imap::Result> RefuseMessages(const imap::Append& append) {
  for (const imap::Append::Message& message : append.messages) {
    // RFC 9051 6.3.12: a message has at least a header or a body. RFC 3502: it cancels the others.
    if (message.size == 0) return imap::No("Empty message");
    mail::HeaderMeter meter;
    if (!meter.Take(append.content(message)))  // S10
      return imap::No("Header is larger than we take", "TOOBIG");
  }
  return std::nullopt;
}

net::Awaitable<absl::StatusOr<Appended>> StoreMessages(ImapContext& context, const Place& place,
                                                       const imap::Append& append,
                                                       int64_t quota_bytes) {
  std::vector<std::string> ids;
  for (size_t i = 0; i < append.messages.size(); ++i)
    ids.push_back(NewUuidV7(absl::Now()).ToString());
  auto appended = co_await Try(context, place, append, ids, quota_bytes);
  if (IsUncertain(appended.status()))
    appended = co_await Try(context, place, append, ids, quota_bytes);
  co_return appended;
}

net::Awaitable<Done> HandleAppend(ImapContext& context, const imap::Append& append) {
  Done done;
  if (append.messages.size() > context.session.save_limit()) {
    done.result = TooManyMessages(context);
    co_return done;
  }
  imap::Append whole;
  bool catenated = IsCatenated(append);
  std::optional<imap::Result> refusal;
  if (catenated) refusal = co_await Catenate(context, append, whole);
  const imap::Append& ready = catenated ? whole : append;
  if (!refusal) refusal = RefuseMessages(ready);
  if (refusal) {
    done.result = *std::move(refusal);
    co_return done;
  }
  auto place = co_await Locate(context, append.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status(), MissingMailbox::kTryCreate);
  auto appended = co_await StoreMessages(context, *place, ready, place->owner.quota_bytes);
  if (!appended.ok()) co_return ImapRefusal(appended.status(), MissingMailbox::kTryCreate);
  imap::MailboxView* view = context.session.view();
  if (view && view->info().account_id == place->owner.id &&
      view->info().mailbox_id == appended->mailbox_id) {
    // RFC 9051 6.3.12: EXISTS comes with the answer. The message is stored even if this fails.
    (void)co_await SyncView(context);
    context.own_uids = appended->uids;
  }
  done.result = imap::Ok("Appended", fmt::format("APPENDUID {} {}", appended->uid_validity,
                                                 imap::FormatSet(appended->uids)));
  co_return done;
}

}  // namespace pennypost::access
