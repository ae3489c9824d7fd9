// SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314).

#include "base/text.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

constexpr std::string_view kAnyone = "anyone";

// Who is meant: the id of an account, 0 for anyone.
net::Awaitable<absl::StatusOr<int64_t>> FindGrantee(ImapContext& context,
                                                    const std::string& identifier) {
  if (EqualsIgnoreCase(identifier, kAnyone)) co_return 0;
  // RFC 4314 2: rights to be taken away are an option that servers may lack.
  if (identifier.starts_with('-')) co_return PolicyError("Negative rights are not supported");
  directory::v1::DescribeAccountsRequest request;
  request.add_addresses(identifier);
  auto users = co_await FindUsers(context, std::move(request));
  if (!users.ok()) co_return users.status();
  if (users->empty()) co_return PolicyError("No such user here");
  co_return users->front().id;
}

pb::SetGrantRequest::Mode ModeOf(imap::SetAcl::Mode mode) {
  switch (mode) {
    case imap::SetAcl::Mode::kSet:
      return pb::SetGrantRequest::MODE_SET;
    case imap::SetAcl::Mode::kAdd:
      return pb::SetGrantRequest::MODE_ADD;
    case imap::SetAcl::Mode::kRemove:
      return pb::SetGrantRequest::MODE_REMOVE;
  }
  return pb::SetGrantRequest::MODE_UNSPECIFIED;
}

net::Awaitable<Done> Change(ImapContext& context, const imap::SetAcl& set) {
  auto place = co_await Locate(context, set.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  auto grantee = co_await FindGrantee(context, set.identifier);
  if (!grantee.ok()) co_return ImapRefusal(grantee.status());
  auto request = ForAccount<pb::SetGrantRequest>(context, place->owner.id);
  request.set_mailbox(place->mailbox);
  request.set_mode(ModeOf(set.mode));
  request.mutable_grant()->set_account_id(*grantee);
  request.mutable_grant()->set_rights(set.rights.ToString());
  request.set_tenant_id(context.account.tenant_id);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::SetGrant, request, kWriteTimeout);
  Done done;
  done.result = ImapError(response.status());
  if (ReasonOf(response.status()) == Reason::kOverQuota)
    done.result = imap::No("Shared with too many already", "LIMIT");
  co_return done;
}

// A place that the user may administer.
net::Awaitable<absl::StatusOr<Place>> LocateToAdminister(ImapContext& context,
                                                         const std::string& name) {
  auto place = co_await Locate(context, name);
  if (!place.ok()) co_return place.status();
  auto mailbox = co_await Look(context, *place);
  if (!mailbox.ok()) co_return mailbox.status();
  if (!RightsTo(*mailbox).Has('a'))
    co_return PolicyError("The right \"a\" to this mailbox is missing");
  co_return place;
}

}  // namespace

net::Awaitable<Done> HandleSetAcl(ImapContext& context, const imap::SetAcl& set) {
  co_return co_await Change(context, set);
}

net::Awaitable<Done> HandleDeleteAcl(ImapContext& context, const imap::DeleteAcl& remove) {
  imap::SetAcl nothing{remove.mailbox, remove.identifier, imap::SetAcl::Mode::kSet, {}};
  co_return co_await Change(context, nothing);
}

net::Awaitable<Done> HandleGetAcl(ImapContext& context, const imap::GetAcl& get) {
  auto place = co_await Locate(context, get.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  auto request = ForAccount<pb::ListGrantsRequest>(context, place->owner.id);
  request.set_mailbox(place->mailbox);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::ListGrants, request, kReadTimeout);
  if (!response.ok()) co_return ImapRefusal(response.status());
  directory::v1::DescribeAccountsRequest who;
  for (const pb::Grant& grant : response->grants()) {
    if (grant.account_id() != 0) who.add_ids(grant.account_id());
  }
  std::vector<Account> known;
  if (!who.ids().empty()) {
    auto users = co_await FindUsers(context, std::move(who));
    if (!users.ok()) co_return ImapRefusal(users.status());
    known = *std::move(users);
  }
  std::vector<std::pair<std::string, mail::Rights>> entries = {
      {place->owner.address, mail::Rights::All()}};
  for (const pb::Grant& grant : response->grants()) {
    std::string identifier = grant.account_id() == 0 ? std::string(kAnyone) : "";
    for (const Account& user : known) {
      if (user.id == grant.account_id()) identifier = user.address;
    }
    // Who has left the tenant has no rights any more.
    if (identifier.empty()) continue;
    entries.emplace_back(std::move(identifier),
                         mail::Rights::Parse(grant.rights()).value_or(mail::Rights()));
  }
  Done done;
  imap::WriteAcl(get.mailbox, entries, context.names(), done.untagged);
  done.result = imap::Ok("Done");
  co_return done;
}

net::Awaitable<Done> HandleListRights(ImapContext& context, const imap::ListRights& list) {
  auto place = co_await LocateToAdminister(context, list.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  auto grantee = co_await FindGrantee(context, list.identifier);
  if (!grantee.ok()) co_return ImapRefusal(grantee.status());
  mail::Rights always = *grantee == place->owner.id ? mail::Rights::All() : mail::Rights();
  Done done;
  imap::WriteListRights(list.mailbox, list.identifier, always, context.names(), done.untagged);
  done.result = imap::Ok("Done");
  co_return done;
}

net::Awaitable<Done> HandleMyRights(ImapContext& context, const imap::MyRights& mine) {
  auto place = co_await Locate(context, mine.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  auto mailbox = co_await Look(context, *place);
  if (!mailbox.ok()) co_return ImapRefusal(mailbox.status());
  Done done;
  imap::WriteMyRights(mine.mailbox, RightsTo(*mailbox), context.names(), done.untagged);
  done.result = imap::Ok("Done");
  co_return done;
}

}  // namespace pennypost::access
