// NOTIFY (RFC 5465).

#include "base/status.h"
#include "base/text.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

using Filter = NotifyGroup::Filter;

struct FilterRow {
  std::string_view name;
  Filter filter;
};
constexpr FilterRow kFilters[] = {
    {"SELECTED", Filter::kSelected},     {"SELECTED-DELAYED", Filter::kSelectedDelayed},
    {"INBOXES", Filter::kInboxes},       {"PERSONAL", Filter::kPersonal},
    {"SUBSCRIBED", Filter::kSubscribed}, {"SUBTREE", Filter::kSubtree},
    {"MAILBOXES", Filter::kMailboxes}};

struct EventRow {
  std::string_view name;
  unsigned bit;
};
constexpr EventRow kEvents[] = {{"MESSAGENEW", kMessageNew},
                                {"MESSAGEEXPUNGE", kMessageExpunge},
                                {"FLAGCHANGE", kFlagChange},
                                {"MAILBOXNAME", kMailboxName},
                                {"SUBSCRIPTIONCHANGE", kSubscriptionChange}};

bool IsSelected(const NotifyGroup& group) {
  return group.filter == Filter::kSelected || group.filter == Filter::kSelectedDelayed;
}

absl::Status ParseFilter(Scanner& in, NotifyGroup& group) {
  ASSIGN_OR_RETURN(std::string word, in.Word());
  bool known = false;
  for (const FilterRow& row : kFilters) {
    if (row.name != word) continue;
    group.filter = row.filter;
    known = true;
  }
  if (!known) return SyntaxError("Unknown mailbox filter");
  if (group.filter != Filter::kSubtree && group.filter != Filter::kMailboxes)
    return absl::OkStatus();
  RETURN_IF_ERROR(in.Expect(' '));
  bool many = in.Eat('(');
  do {
    ASSIGN_OR_RETURN(std::string name, in.Mailbox());
    group.mailboxes.push_back(std::move(name));
  } while (many && in.Eat(' '));
  return many ? in.Expect(')') : absl::OkStatus();
}

// RFC 5465 5, 6.1, 8: which events go together, and with which mailboxes. `annotations`: the event
// of RFC 5257, which is not known here.
absl::Status Check(const NotifyGroup& group, bool annotations) {
  constexpr unsigned kBoth = kMessageNew | kMessageExpunge;
  unsigned both = group.events & kBoth;
  bool flags = (group.events & kFlagChange) != 0 || annotations;
  if ((both != 0 && both != kBoth) || (flags && both != kBoth))
    return SyntaxError("MessageNew and MessageExpunge go together, and with FlagChange");
  if (IsSelected(group) && (group.events & ~kMessageEvents) != 0)
    return SyntaxError("Only message events of the selected mailbox");
  if (!IsSelected(group) && !group.new_items.empty())
    return SyntaxError("Items only of the selected mailbox");
  return absl::OkStatus();
}

absl::Status ParseEvents(Scanner& in, Notify& notify, NotifyGroup& group) {
  if (in.EatWord("NONE")) return absl::OkStatus();
  bool annotations = false;
  RETURN_IF_ERROR(in.Expect('('));
  do {
    ASSIGN_OR_RETURN(std::string name, in.Atom());
    std::string word = ToUpper(name);
    unsigned bit = 0;
    for (const EventRow& row : kEvents) {
      if (row.name == word) bit = row.bit;
    }
    annotations = annotations || word == "ANNOTATIONCHANGE";
    // RFC 5465 3.1: refused, but as NO, once the syntax is seen to be right.
    notify.unsupported = notify.unsupported || bit == 0;
    group.events |= bit;
    if (bit == kMessageNew && in.Sees(" (")) {
      in.Eat(' ');
      ASSIGN_OR_RETURN(group.new_items, ParsePushedItems(in));
    }
  } while (in.Eat(' '));
  RETURN_IF_ERROR(in.Expect(')'));
  return Check(group, annotations);
}

}  // namespace

absl::StatusOr<CommandBody> ParseNotify(Scanner& in) {
  Notify notify;
  RETURN_IF_ERROR(in.Expect(' '));
  if (in.EatWord("NONE")) {
    RETURN_IF_ERROR(in.ExpectEnd());
    return notify;
  }
  if (!in.EatWord("SET")) return SyntaxError("Expected SET or NONE");
  RETURN_IF_ERROR(in.Expect(' '));
  notify.status = in.EatWord("STATUS");
  if (notify.status) RETURN_IF_ERROR(in.Expect(' '));
  int selected = 0;
  do {
    NotifyGroup group;
    RETURN_IF_ERROR(in.Expect('('));
    RETURN_IF_ERROR(ParseFilter(in, group));
    RETURN_IF_ERROR(in.Expect(' '));
    RETURN_IF_ERROR(ParseEvents(in, notify, group));
    RETURN_IF_ERROR(in.Expect(')'));
    selected += IsSelected(group) ? 1 : 0;
    notify.groups.push_back(std::move(group));
  } while (in.Eat(' '));
  if (selected > 1) return SyntaxError("The selected mailbox is named twice");
  RETURN_IF_ERROR(in.ExpectEnd());
  return notify;
}

}  // namespace pennypost::imap
