// LIST and LSUB (RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 3501 6.3.9).

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "imap/mailbox_name.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

struct Node {
  // nullptr: a level without a mailbox, or a subscription without one
  const pb::Mailbox* mailbox = nullptr;
  int64_t account_id = 0;  // the owner's
  bool subscribed = false;
  bool has_children = false;
  bool subscribed_below = false;
};
using Tree = std::map<std::string, Node>;

// All names with the levels above them.
Tree BuildTree(const ImapContext& context, const pb::ListMailboxesResponse& response,
               const std::vector<Account>& owners) {
  Tree tree;
  for (const pb::Mailbox& mailbox : response.mailboxes())
    tree[mailbox.name()] = {&mailbox, context.account.id, mailbox.subscribed()};
  for (const pb::SharedMailbox& shared : response.shared()) {
    // What is not to be looked up is not there (RFC 4314 4).
    if (!RightsTo(shared.mailbox()).Has('l')) continue;
    auto owner = std::find_if(owners.begin(), owners.end(), [&shared](const Account& account) {
      return account.id == shared.account_id();
    });
    if (owner == owners.end()) continue;
    tree[imap::JoinOtherUsers(owner->address, shared.mailbox().name())] = {&shared.mailbox(),
                                                                           owner->id};
  }
  for (const std::string& name : response.stale_subscriptions()) tree[name].subscribed = true;
  std::vector<std::pair<std::string, Node>> nodes(tree.begin(), tree.end());
  for (const auto& [name, node] : nodes) {
    for (size_t at = name.rfind(imap::kSeparator); at != std::string::npos && at > 0;
         at = name.rfind(imap::kSeparator, at - 1)) {
      Node& parent = tree[name.substr(0, at)];
      parent.has_children = parent.has_children || node.mailbox != nullptr;
      parent.subscribed_below = parent.subscribed_below || node.subscribed;
    }
  }
  return tree;
}

bool Matches(const imap::List& list, const std::string& name) {
  for (const std::string& pattern : list.patterns) {
    if (imap::MatchesPattern(list.reference + pattern, name)) return true;
  }
  return false;
}

enum class Choice { kNo, kYes, kForItsChildren };

Choice Choose(const imap::List& list, const Node& node) {
  bool has_use = node.mailbox && !node.mailbox->special_use().empty() &&
                 node.mailbox->rights().empty();  // another's is none of the user's
  if (list.only_special_use && !has_use) return Choice::kNo;
  if (!list.only_subscribed) return node.mailbox || node.has_children ? Choice::kYes : Choice::kNo;
  if (node.subscribed) return Choice::kYes;
  // RFC 5258 3.5, and RFC 3501 6.3.9 for LSUB with "%".
  bool wanted = list.recursive_match || list.lsub;
  return wanted && node.subscribed_below ? Choice::kForItsChildren : Choice::kNo;
}

imap::ListEntry EntryOf(const imap::List& list, const std::string& name, const Node& node,
                        Choice choice) {
  imap::ListEntry entry;
  entry.name = name;
  entry.lsub = list.lsub;
  if (list.lsub) {
    if (choice == Choice::kForItsChildren) entry.attributes.push_back("\\Noselect");
    return entry;
  }
  // RFC 9051 7.3.1: \NonExistent is the stronger \Noselect; rev1 clients know only the latter.
  if (!node.mailbox) {
    if (list.extended) entry.attributes.push_back("\\NonExistent");
    entry.attributes.push_back("\\Noselect");
  }
  if (list.return_subscribed && node.subscribed) entry.attributes.push_back("\\Subscribed");
  entry.attributes.push_back(node.has_children ? "\\HasChildren" : "\\HasNoChildren");
  // RFC 6154 2: a plain LIST may show it too, and clients of today look for it there. Another's
  // trash is none of the user's.
  if (node.mailbox && !node.mailbox->special_use().empty() && node.mailbox->rights().empty())
    entry.attributes.push_back(node.mailbox->special_use());
  entry.child_info_subscribed =
      choice == Choice::kForItsChildren || (list.recursive_match && node.subscribed_below);
  return entry;
}

// Of what is shared: those of the same tenant.
net::Awaitable<absl::StatusOr<std::vector<Account>>> FindOwners(
    ImapContext& context, const pb::ListMailboxesResponse& response) {
  constexpr int kMostOwners = 1000;
  std::set<int64_t> ids;
  for (const pb::SharedMailbox& shared : response.shared()) ids.insert(shared.account_id());
  std::vector<Account> owners;
  directory::v1::DescribeAccountsRequest request;
  for (auto id = ids.begin(); id != ids.end();) {
    request.add_ids(*id);
    bool last = ++id == ids.end();
    if (!last && request.ids_size() < kMostOwners) continue;
    auto page = std::exchange(request, {});
    auto users = co_await FindUsers(context, std::move(page));
    if (!users.ok()) co_return users.status();
    owners.insert(owners.end(), users->begin(), users->end());
  }
  co_return owners;
}

}  // namespace

net::Awaitable<Done> HandleList(ImapContext& context, const imap::List& list) {
  Done done;
  done.result = imap::Ok("Done");
  // RFC 9051 6.3.9: an empty pattern asks for the separator.
  if (!list.extended && !list.lsub && list.patterns[0].empty()) {
    imap::WriteList({"", {"\\Noselect"}, false, false}, context.names(), done.untagged);
    co_return done;
  }
  auto request = For<pb::ListMailboxesRequest>(context);
  request.set_want_shared(true);
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::ListMailboxes, request,
                                     kReadTimeout);
  if (!response.ok()) co_return ImapRefusal(response.status());
  auto owners = co_await FindOwners(context, *response);
  if (!owners.ok()) co_return ImapRefusal(owners.status());
  Tree tree = BuildTree(context, *response, *owners);
  for (const auto& [name, node] : tree) {
    if (!Matches(list, name)) continue;
    Choice choice = Choose(list, node);
    if (choice == Choice::kNo) continue;
    imap::WriteList(EntryOf(list, name, node, choice), context.names(), done.untagged);
    if (!node.mailbox) continue;
    mail::Rights rights = RightsTo(*node.mailbox);
    if (list.return_my_rights) imap::WriteMyRights(name, rights, context.names(), done.untagged);
    if (!list.return_status.empty() && rights.Has('r')) {
      imap::WriteStatus(name,
                        StatusValues(context, node.account_id, *node.mailbox, list.return_status),
                        context.names(), done.untagged);
    }
  }
  co_return done;
}

}  // namespace pennypost::access
