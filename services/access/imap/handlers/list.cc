// LIST and LSUB (RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 3501 6.3.9).

#include <map>

#include "imap/mailbox_name.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

struct Node {
  const pb::Mailbox* mailbox =
      nullptr;  // nullptr: a level without a mailbox, or a subscription without one
  bool subscribed = false;
  bool has_children = false;
  bool subscribed_below = false;
};
using Tree = std::map<std::string, Node>;

// All names with the levels above them.
Tree BuildTree(const pb::ListMailboxesResponse& response) {
  Tree tree;
  for (const pb::Mailbox& mailbox : response.mailboxes()) {
    Node& node = tree[mailbox.name()];
    node.mailbox = &mailbox;
    node.subscribed = mailbox.subscribed();
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
  if (list.only_special_use && (!node.mailbox || node.mailbox->special_use().empty()))
    return Choice::kNo;
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
  // RFC 6154 2: a plain LIST may show it too, and clients of today look for it there.
  if (node.mailbox && !node.mailbox->special_use().empty())
    entry.attributes.push_back(node.mailbox->special_use());
  entry.child_info_subscribed =
      choice == Choice::kForItsChildren || (list.recursive_match && node.subscribed_below);
  return entry;
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
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::ListMailboxes, request,
                                     kReadTimeout);
  if (!response.ok()) co_return ImapRefusal(response.status());
  Tree tree = BuildTree(*response);
  for (const auto& [name, node] : tree) {
    if (!Matches(list, name)) continue;
    Choice choice = Choose(list, node);
    if (choice == Choice::kNo) continue;
    imap::WriteList(EntryOf(list, name, node, choice), context.names(), done.untagged);
    if (!list.return_status.empty() && node.mailbox) {
      imap::WriteStatus(name, StatusValues(context, *node.mailbox, list.return_status),
                        context.names(), done.untagged);
    }
  }
  co_return done;
}

}  // namespace pennypost::access
