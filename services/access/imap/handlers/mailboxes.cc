// CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 6.3.4 to 6.3.8).

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

template <class Response>
Done DoneWith(const absl::StatusOr<Response>& response) {
  Done done;
  done.result = ImapError(response.status());
  return done;
}

}  // namespace

net::Awaitable<Done> HandleCreate(ImapContext& context, const imap::Create& create) {
  auto place = co_await Locate(context, create.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  auto request = ForAccount<pb::CreateMailboxRequest>(context, place->owner.id);
  request.set_name(place->mailbox);
  // RFC 6154 3: \All and \Flagged are views, which we have not, and a mailbox has one use here.
  constexpr std::string_view kUses[] = {"\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"};
  for (const std::string& wanted : create.special_uses) {
    auto use = std::find_if(std::begin(kUses), std::end(kUses), [&wanted](std::string_view known) {
      return EqualsIgnoreCase(known, wanted);
    });
    // What a mailbox is used for is its owner's choice.
    bool own = place->owner.id == context.account.id;
    if (!own || use == std::end(kUses) || create.special_uses.size() > 1) {
      Done refused;
      refused.result = imap::No("A mailbox cannot have that use", "USEATTR");
      co_return refused;
    }
    request.set_special_use(std::string(*use));
  }
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::CreateMailbox, request,
                                     kWriteTimeout);
  Done done = DoneWith(response);
  if (response.ok())
    done.result.code =
        fmt::format("MAILBOXID ({})", MailboxObjectId(place->owner.id, response->mailbox().id()));
  co_return done;
}

net::Awaitable<Done> HandleDelete(ImapContext& context, const imap::Delete& remove) {
  auto place = co_await Locate(context, remove.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  if (EqualsIgnoreCase(place->mailbox, "INBOX")) {
    Done refused;
    refused.result = imap::No("INBOX stays", "CANNOT");
    co_return refused;
  }
  auto request = ForAccount<pb::DeleteMailboxRequest>(context, place->owner.id);
  request.set_name(place->mailbox);
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::DeleteMailbox, request,
                                     kWriteTimeout);
  co_return DoneWith(response);
}

net::Awaitable<Done> HandleRename(ImapContext& context, const imap::Rename& rename) {
  auto from = co_await Locate(context, rename.from);
  if (!from.ok()) co_return ImapRefusal(from.status());
  auto to = co_await Locate(context, rename.to);
  if (!to.ok()) co_return ImapRefusal(to.status());
  bool own = from->owner.id == context.account.id;
  if (from->owner.id != to->owner.id || (!own && EqualsIgnoreCase(from->mailbox, "INBOX"))) {
    Done refused;
    refused.result = imap::No("A mailbox stays with its owner", "CANNOT");
    co_return refused;
  }
  auto request = ForAccount<pb::RenameMailboxRequest>(context, from->owner.id);
  request.set_from(from->mailbox);
  request.set_to(to->mailbox);
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::RenameMailbox, request,
                                     kWriteTimeout);
  co_return DoneWith(response);
}

net::Awaitable<Done> HandleSubscribe(ImapContext& context, const imap::Subscribe& subscribe) {
  auto request = For<pb::SubscribeRequest>(context);
  request.set_name(subscribe.mailbox);
  request.set_subscribed(subscribe.subscribed);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::Subscribe, request, kWriteTimeout);
  co_return DoneWith(response);
}

}  // namespace pennypost::access
