// EXPUNGE, UID EXPUNGE and CLOSE (RFC 9051 6.4.1, 6.4.3, 6.4.9).

#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"
#include "services/access/imap/progress.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

net::Awaitable<Done> HandleExpunge(ImapContext& context, const imap::Expunge& expunge) {
  Done done;
  done.result = imap::Ok("Done");
  if (context.session.read_only()) {
    done.result = imap::No("Mailbox is read-only", "NOPERM");
    co_return done;
  }
  auto request = ForSelected<pb::ExpungeRequest>(context);
  if (expunge.uids) {
    auto indexes = context.view().Resolve(*expunge.uids, imap::Numbers::kUid);
    if (!indexes.ok()) co_return ImapRefusal(indexes.status());
    for (size_t index : *indexes) request.add_uids(context.view().uid_at(index));
    // To the store no UIDs mean all messages.
    if (request.uids().empty()) co_return done;
  }
  auto response =
      co_await CallWithProgress(context, &pb::MailboxService::Expunge, request, kWriteTimeout);
  if (!response.ok()) co_return ImapRefusal(response.status());
  context.view().Vanish({response->uids().begin(), response->uids().end()});
  if (!response->uids().empty()) co_await TellHighestModSeq(context, done.result);
  co_return done;
}

net::Awaitable<Done> HandleClose(ImapContext& context) {
  Done done;
  done.result = imap::Ok("Closed");
  if (context.session.read_only()) co_return done;
  auto request = ForSelected<pb::ExpungeRequest>(context);
  auto response =
      co_await CallWithProgress(context, &pb::MailboxService::Expunge, request, kWriteTimeout);
  // The folder may be gone, or not for this user to expunge (RFC 4314 4); closing it is right all
  // the same.
  absl::StatusCode code = response.status().code();
  bool closed = response.ok() || code == absl::StatusCode::kNotFound ||
                code == absl::StatusCode::kPermissionDenied;
  co_return closed ? done : ImapRefusal(response.status());
}

}  // namespace pennypost::access
