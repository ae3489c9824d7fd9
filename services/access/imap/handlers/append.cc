// APPEND (RFC 9051 6.3.12).

#include <absl/time/clock.h>
#include <fmt/format.h>

#include "base/id.h"
#include "mail/header_meter.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

// It is not known whether these wrote anything. The same request_id makes a second try safe.
bool IsUncertain(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnknown ||
         status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kAborted;
}

pb::AppendRequest RequestOf(const ImapContext& context, const imap::Append& append,
                            const std::string& request_id) {
  auto request = For<pb::AppendRequest>(context);
  request.set_mailbox(append.mailbox);
  std::string_view message = append.message();
  request.set_content(message.data(), message.size());
  for (const std::string& flag : append.flags) request.add_flags(flag);
  if (append.date) request.mutable_internal_date()->set_seconds(absl::ToUnixSeconds(*append.date));
  request.set_request_id(request_id);
  request.set_quota_bytes(context.account.quota_bytes);
  return request;
}

}  // namespace

net::Awaitable<Done> HandleAppend(ImapContext& context, const imap::Append& append) {
  Done done;
  if (append.size == 0) {
    // RFC 9051 6.3.12: a message has at least a header or a body.
    done.result = imap::No("Empty message");
    co_return done;
  }
  mail::HeaderMeter meter;
  if (!meter.Take(append.message())) {  // S10
    done.result = imap::No("Header is larger than we take", "TOOBIG");
    co_return done;
  }
  std::string request_id = NewUuidV7(absl::Now()).ToString();
  // Built anew for a second try: the message may be large, and one copy of it is enough.
  pb::AppendRequest request = RequestOf(context, append, request_id);
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::Append,
                                     std::move(request), kWriteTimeout);
  if (IsUncertain(response.status())) {
    pb::AppendRequest again = RequestOf(context, append, request_id);
    response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::Append, std::move(again),
                                  kWriteTimeout);
  }
  if (!response.ok()) co_return ImapRefusal(response.status(), MissingMailbox::kTryCreate);
  imap::MailboxView* view = context.session.view();
  if (view && view->info().mailbox_id == response->mailbox_id()) {
    // RFC 9051 6.3.12: EXISTS comes with the answer. The message is stored even if this fails.
    (void)co_await SyncView(context);
  }
  done.result = imap::Ok("Appended",
                         fmt::format("APPENDUID {} {}", response->uid_validity(), response->uid()));
  co_return done;
}

}  // namespace pennypost::access
