#include "services/access/imap/notifier.h"

#include <algorithm>
#include <set>

#include "imap/mailbox_name.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

using Filter = imap::NotifyGroup::Filter;
using imap::StatusItem;

constexpr unsigned kNameEvents = imap::kMailboxName | imap::kSubscriptionChange;
// Of message events, and of lines at once (RFC 5465 3.1, 5.8).
constexpr size_t kMaxMailboxes = 1000;
constexpr size_t kMaxBytes = 64 << 10;

bool IsOfSelected(const imap::NotifyGroup& group) {
  return group.filter == Filter::kSelected || group.filter == Filter::kSelectedDelayed;
}

bool Matches(const imap::NotifyGroup& group, const pb::Mailbox& mailbox) {
  switch (group.filter) {
    case Filter::kSelected:
    case Filter::kSelectedDelayed:
      return false;
    case Filter::kInboxes:  // RFC 5465 6.3: a script may file mail anywhere
    case Filter::kPersonal:
      return true;
    case Filter::kSubscribed:
      return mailbox.subscribed();
    case Filter::kSubtree:
      return std::any_of(group.mailboxes.begin(), group.mailboxes.end(),
                         [&mailbox](const std::string& top) {
                           return mailbox.name() == top || mailbox.name().starts_with(top + "/");
                         });
    case Filter::kMailboxes:
      return std::find(group.mailboxes.begin(), group.mailboxes.end(), mailbox.name()) !=
             group.mailboxes.end();
  }
  return false;
}

// Of the user's own: others' are not watched.
bool IsSelected(const ImapContext& context, int64_t mailbox_id) {
  const imap::MailboxView* view = context.session.view();
  return view && view->info().account_id == context.account.id &&
         view->info().mailbox_id == mailbox_id;
}

std::map<int64_t, pb::Mailbox> ById(const pb::ListMailboxesResponse& response) {
  std::map<int64_t, pb::Mailbox> mailboxes;
  for (const pb::Mailbox& mailbox : response.mailboxes()) mailboxes[mailbox.id()] = mailbox;
  return mailboxes;
}

const pb::Mailbox* FindName(const std::map<int64_t, pb::Mailbox>& mailboxes,
                            const std::string& name) {
  for (const auto& [id, mailbox] : mailboxes) {
    if (mailbox.name() == name) return &mailbox;
  }
  return nullptr;
}

imap::ListEntry EntryOf(const std::map<int64_t, pb::Mailbox>& now, const std::string& name) {
  imap::ListEntry entry;
  entry.name = name;
  const pb::Mailbox* mailbox = FindName(now, name);
  if (!mailbox) entry.attributes.push_back("\\NonExistent");
  if (mailbox && mailbox->subscribed()) entry.attributes.push_back("\\Subscribed");
  bool children = std::any_of(now.begin(), now.end(), [&name](const auto& other) {
    return other.second.name().starts_with(name + "/");
  });
  entry.attributes.push_back(children ? "\\HasChildren" : "\\HasNoChildren");
  if (mailbox && !mailbox->special_use().empty())
    entry.attributes.push_back(mailbox->special_use());
  return entry;
}

std::string ParentOf(const std::string& name) {
  size_t separator = name.rfind(imap::kSeparator);
  return separator == std::string::npos ? "" : name.substr(0, separator);
}

// RFC 5465 3.1: what the client must know of a mailbox to make sense of what it will hear.
std::vector<StatusItem> OpeningItems(unsigned events) {
  std::vector<StatusItem> items;
  if (events & imap::kMessageNew) items = {StatusItem::kMessages, StatusItem::kUidNext};
  if (events != 0) items.push_back(StatusItem::kUidValidity);
  if (events & imap::kFlagChange) items.push_back(StatusItem::kHighestModSeq);
  return items;
}

// RFC 5465 5.1 to 5.3
std::vector<StatusItem> ChangedItems(const ImapContext& context, unsigned events,
                                     const pb::Mailbox& before, const pb::Mailbox& now) {
  bool condstore = context.session.features().condstore;
  bool messages = (events & imap::kMessageNew) != 0 &&
                  (before.messages() != now.messages() || before.uid_next() != now.uid_next());
  bool validity = before.uid_validity() != now.uid_validity();
  bool flags = (events & imap::kFlagChange) != 0 &&
               (before.unseen() != now.unseen() || validity ||
                (condstore && before.highest_modseq() != now.highest_modseq()));
  std::vector<StatusItem> items;
  if (!messages && !flags) return items;
  if (messages) items = {StatusItem::kMessages, StatusItem::kUidNext};
  items.push_back(StatusItem::kUidValidity);
  if (flags) items.push_back(StatusItem::kUnseen);
  if (condstore) items.push_back(StatusItem::kHighestModSeq);
  return items;
}

}  // namespace

unsigned Notifier::EventsOf(const imap::Notify& notify, const pb::Mailbox& mailbox) const {
  unsigned events = 0;
  for (const imap::NotifyGroup& group : notify.groups) {
    if (Matches(group, mailbox)) events |= group.events;
  }
  return events;
}

net::Awaitable<Done> Notifier::Set(ImapContext& context, const imap::Notify& notify) {
  Done done;
  if (notify.unsupported) {
    done.result =
        imap::No("Unsupported event",
                 "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)");
    co_return done;
  }
  unsigned others = 0;
  for (const imap::NotifyGroup& group : notify.groups) {
    if (!IsOfSelected(group)) others |= group.events;
  }
  Mailboxes mailboxes;
  if (others != 0) {
    auto request = For<pb::ListMailboxesRequest>(context);
    auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::ListMailboxes,
                                       request, kReadTimeout);
    if (!response.ok()) co_return ImapRefusal(response.status());
    mailboxes = ById(*response);
  }
  size_t watched = 0;
  for (const auto& [id, mailbox] : mailboxes) {
    unsigned events = EventsOf(notify, mailbox) & imap::kMessageEvents;
    if (events == 0 || IsSelected(context, id)) continue;
    ++watched;
    if (!notify.status) continue;
    imap::WriteStatus(mailbox.name(),
                      StatusValues(context, context.account.id, mailbox, OpeningItems(events)),
                      context.names(), done.untagged);
  }
  if (watched > kMaxMailboxes) {
    Done refused;
    refused.result = imap::No("Too many mailboxes", "NOTIFICATIONOVERFLOW");
    co_return refused;
  }
  // RFC 5465 3.1: as a NOOP, and while the store is away nothing is invented.
  if (context.session.view()) (void)co_await SyncView(context);
  known_ = std::move(mailboxes);
  active_ = others != 0;
  wants_names_ = (others & kNameEvents) != 0;
  context.session.SetNotify(notify);
  done.result = imap::Ok("Done");
  co_return done;
}

net::Awaitable<absl::StatusOr<std::string>> Notifier::Report(ImapContext& context) {
  auto request = For<pb::ListMailboxesRequest>(context);
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::ListMailboxes, request,
                                     kReadTimeout);
  if (!response.ok()) co_return response.status();
  std::string out;
  Mailboxes now = ById(*response);
  WriteNames(context, now, out);
  WriteMessages(context, now, out);
  known_ = std::move(now);
  if (out.size() > kMaxBytes) {
    // RFC 5465 5.8
    context.session.SetNotify({});
    active_ = wants_names_ = false;
    out = "* OK [NOTIFICATIONOVERFLOW] Too much changed at once\r\n";
  }
  co_return out;
}

// RFC 5465 5.4, 5.5
void Notifier::WriteNames(const ImapContext& context, const Mailboxes& now,
                          std::string& out) const {
  const imap::Notify& notify = *context.session.notify();
  std::set<std::string> told;
  auto tell = [&](const pb::Mailbox& mailbox, const imap::ListEntry& entry) {
    bool wanted = (EventsOf(notify, mailbox) & imap::kMailboxName) != 0;
    if (wanted && told.insert(entry.name).second) imap::WriteList(entry, context.names(), out);
  };
  auto tell_parent = [&](const pb::Mailbox& mailbox) {
    pb::Mailbox parent;
    parent.set_name(ParentOf(mailbox.name()));
    const pb::Mailbox* there = FindName(now, parent.name());
    if (!parent.name().empty()) tell(there ? *there : parent, EntryOf(now, parent.name()));
  };
  // Old names with what stands below them.
  std::vector<std::pair<std::string, std::string>> renamed;
  for (const auto& [id, mailbox] : now) {
    auto before = known_.find(id);
    if (before != known_.end() && before->second.name() != mailbox.name())
      renamed.emplace_back(before->second.name(), mailbox.name());
  }
  auto with_parent = [&](const std::string& from, const std::string& to) {
    return std::any_of(renamed.begin(), renamed.end(), [&](const auto& other) {
      return from.starts_with(other.first + "/") &&
             to == other.second + from.substr(other.first.size());
    });
  };
  for (const auto& [id, mailbox] : now) {
    auto before = known_.find(id);
    if (before == known_.end()) {
      tell(mailbox, EntryOf(now, mailbox.name()));
      tell_parent(mailbox);
      continue;
    }
    const std::string& old_name = before->second.name();
    // RFC 5465 5.4: its children are not named.
    bool moved = old_name != mailbox.name() && !with_parent(old_name, mailbox.name());
    // A mailbox that left what is watched, or came into it, is news too.
    unsigned events = EventsOf(notify, before->second) | EventsOf(notify, mailbox);
    bool named = moved && (events & imap::kMailboxName);
    bool subscription =
        before->second.subscribed() != mailbox.subscribed() && (events & imap::kSubscriptionChange);
    if (!named && !subscription) continue;
    imap::ListEntry entry = EntryOf(now, mailbox.name());
    if (named) entry.old_name = old_name;
    imap::WriteList(entry, context.names(), out);
  }
  for (const auto& [id, mailbox] : known_) {
    if (now.contains(id)) continue;
    tell(mailbox, EntryOf(now, mailbox.name()));
    tell_parent(mailbox);
  }
}

void Notifier::WriteMessages(ImapContext& context, const Mailboxes& now, std::string& out) const {
  const imap::Notify& notify = *context.session.notify();
  for (const auto& [id, mailbox] : now) {
    unsigned events = EventsOf(notify, mailbox) & imap::kMessageEvents;
    // RFC 5465 3.1: of the selected one the session tells.
    if (events == 0 || IsSelected(context, id)) continue;
    pb::Mailbox before;
    before.set_uid_next(1);
    before.set_uid_validity(mailbox.uid_validity());
    before.set_highest_modseq(mailbox.highest_modseq());
    auto known = known_.find(id);
    if (known != known_.end()) before = known->second;
    std::vector<StatusItem> items = ChangedItems(context, events, before, mailbox);
    if (items.empty()) continue;
    imap::WriteStatus(mailbox.name(), StatusValues(context, context.account.id, mailbox, items),
                      context.names(), out);
  }
}

net::Awaitable<void> Notifier::NoteOwnNames(ImapContext& context) {
  if (!wants_names_) co_return;
  auto request = For<pb::ListMailboxesRequest>(context);
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::ListMailboxes, request,
                                     kReadTimeout);
  if (!response.ok()) co_return;
  Mailboxes now = ById(*response);
  for (auto& [id, mailbox] : now) {
    auto known = known_.find(id);
    if (known == known_.end()) continue;
    // What happened to messages is still news.
    known->second.set_name(mailbox.name());
    known->second.set_subscribed(mailbox.subscribed());
    mailbox = known->second;
  }
  known_ = std::move(now);
}

}  // namespace pennypost::access
