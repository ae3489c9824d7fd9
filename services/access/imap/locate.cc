// Names of mailboxes, and whose they are.

#include "imap/mailbox_name.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"

namespace pennypost::access {

namespace pb = mailbox::v1;
namespace dir = directory::v1;

namespace {

absl::Status NoSuchMailbox() {
  return NotFoundError("no such mailbox");
}

}  // namespace

net::Awaitable<absl::StatusOr<std::vector<Account>>> FindUsers(
    ImapContext& context, dir::DescribeAccountsRequest request) {
  auto response =
      co_await rpc::Call(*context.clients.directory, &dir::DirectoryService::DescribeAccounts,
                         std::move(request), kReadTimeout);
  if (!response.ok()) co_return response.status();
  std::vector<Account> users;
  for (const dir::Account& account : response->accounts()) {
    if (!account.enabled() || account.tenant_id() != context.account.tenant_id) continue;
    users.push_back({account.id(), account.address(), account.quota_bytes(), account.tenant_id()});
  }
  co_return users;
}

net::Awaitable<absl::StatusOr<Place>> Locate(ImapContext& context, const std::string& name) {
  auto other = imap::SplitOtherUsers(name);
  if (!other) co_return Place{context.account, name};
  if (other->mailbox.empty()) co_return NoSuchMailbox();
  dir::DescribeAccountsRequest request;
  request.add_addresses(other->owner);
  auto users = co_await FindUsers(context, std::move(request));
  if (!users.ok()) co_return users.status();
  if (users->empty()) co_return NoSuchMailbox();
  co_return Place{users->front(), other->mailbox};
}

net::Awaitable<absl::StatusOr<pb::Mailbox>> Look(ImapContext& context, const Place& place) {
  auto request = ForAccount<pb::ListMailboxesRequest>(context, place.owner.id);
  request.set_name(place.mailbox);
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::ListMailboxes, request,
                                     kReadTimeout);
  if (!response.ok()) co_return response.status();
  if (response->mailboxes().empty()) co_return NoSuchMailbox();
  co_return std::move(*response->mutable_mailboxes(0));
}

mail::Rights RightsTo(const pb::Mailbox& mailbox) {
  if (mailbox.rights().empty()) return mail::Rights::All();
  return mail::Rights::Parse(mailbox.rights()).value_or(mail::Rights());
}

}  // namespace pennypost::access
