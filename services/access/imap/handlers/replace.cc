// REPLACE (RFC 8508): the new message is stored first, so that no failure loses both.

#include <fmt/format.h>

#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

// One message, whatever its flags. A message that is gone already is no error.
net::Awaitable<absl::Status> Remove(ImapContext& context, int64_t account_id, int64_t mailbox_id,
                                    uint32_t uid) {
  auto request = ForAccount<pb::ExpungeRequest>(context, account_id);
  request.set_mailbox_id(mailbox_id);
  request.add_uids(uid);
  request.set_regardless_of_flag(true);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::Expunge, request, kWriteTimeout);
  co_return response.status();
}

}  // namespace

net::Awaitable<Done> HandleReplace(ImapContext& context, const imap::Replace& replace) {
  Done done;
  if (context.session.read_only()) {
    done.result = imap::No("Mailbox is read-only", "NOPERM");
    co_return done;
  }
  auto indexes = context.view().Resolve(replace.set, replace.numbers);
  if (!indexes.ok()) co_return ImapRefusal(indexes.status());
  if (indexes->empty()) {
    done.result = imap::No("No such message");
    co_return done;
  }
  // RFC 8508 4.2
  imap::Append whole;
  bool catenated = IsCatenated(replace.append);
  std::optional<imap::Result> refusal;
  if (catenated) refusal = co_await Catenate(context, replace.append, whole);
  const imap::Append& ready = catenated ? whole : replace.append;
  if (!refusal) refusal = RefuseMessages(ready);
  if (refusal) {
    done.result = *std::move(refusal);
    co_return done;
  }
  imap::MessageState old = context.view().At(indexes->front());
  const imap::MailboxView::Info from = context.view().info();
  auto place = co_await Locate(context, replace.append.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status(), MissingMailbox::kTryCreate);
  // RFC 8508 3.4: what goes makes room for what comes.
  int64_t quota = place->owner.quota_bytes;
  if (quota > 0 && place->owner.id == from.account_id) quota += static_cast<int64_t>(old.size);
  auto appended = co_await StoreMessages(context, *place, ready, quota);
  if (!appended.ok()) co_return ImapRefusal(appended.status(), MissingMailbox::kTryCreate);
  absl::Status removed = co_await Remove(context, from.account_id, from.mailbox_id, old.uid);
  if (!removed.ok()) {
    // As it was before, as far as that can be had; the client tries again.
    (void)co_await Remove(context, place->owner.id, appended->mailbox_id, appended->uids.front());
    co_return ImapRefusal(removed);
  }
  done.untagged = fmt::format("* OK [APPENDUID {} {}] Stored\r\n", appended->uid_validity,
                              appended->uids.front());
  context.view().Vanish({old.uid});
  if (place->owner.id == from.account_id && appended->mailbox_id == from.mailbox_id)
    context.own_uids = appended->uids;
  (void)co_await SyncView(context);
  done.result = imap::Ok("Replaced");
  co_await TellHighestModSeq(context, done.result);
  co_return done;
}

}  // namespace pennypost::access
