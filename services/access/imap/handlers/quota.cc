// GETQUOTA and GETQUOTAROOT (RFC 9208 4.1). One root, "", holds all of an account.

#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

// What another account holds is for its owner to know; its mailboxes have no root here.
net::Awaitable<Done> TellNoRoot(ImapContext& context, const Place& place, std::string line) {
  auto mailbox = co_await Look(context, place);
  if (!mailbox.ok()) co_return ImapRefusal(mailbox.status());
  Done done;
  done.untagged = line + "\r\n";
  done.result = imap::Ok("Done");
  co_return done;
}

}  // namespace

net::Awaitable<Done> HandleGetQuota(ImapContext& context, const imap::GetQuota& quota) {
  if (!quota.root.empty()) {
    Done refused;
    refused.result = imap::No("No such quota root", "NONEXISTENT");
    co_return refused;
  }
  auto request = For<pb::GetQuotaRequest>(context);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::GetQuota, request, kReadTimeout);
  if (!response.ok()) co_return ImapRefusal(response.status());
  Done done;
  imap::WriteQuota("", response->used_bytes(), static_cast<uint64_t>(context.account.quota_bytes),
                   done.untagged);
  done.result = imap::Ok("Done");
  co_return done;
}

net::Awaitable<Done> HandleGetQuotaRoot(ImapContext& context, const imap::GetQuotaRoot& quota) {
  std::string line = "* QUOTAROOT ";
  imap::WriteMailbox(quota.mailbox, context.names(), line);
  auto place = co_await Locate(context, quota.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  if (place->owner.id != context.account.id) co_return co_await TellNoRoot(context, *place, line);
  imap::GetQuota root;
  Done done = co_await HandleGetQuota(context, root);
  if (done.result.kind != imap::Result::Kind::kOk) co_return done;
  done.untagged = line + " \"\"\r\n" + done.untagged;
  co_return done;
}

}  // namespace pennypost::access
