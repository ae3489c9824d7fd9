// Commands that name a mailbox: SELECT, EXAMINE, CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE,
// STATUS, GETQUOTA, GETQUOTAROOT.

#include "base/status.h"
#include "base/text.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

absl::StatusOr<std::string> OneMailbox(Scanner& in) {
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(std::string name, in.Mailbox());
  RETURN_IF_ERROR(in.ExpectEnd());
  return name;
}

// A set of a client that was away: it cannot know what "*" or "$" are.
absl::StatusOr<NumberSet> ParseKnownSet(Scanner& in) {
  ASSIGN_OR_RETURN(NumberSet set, in.Set());
  bool plain = !set.saved;
  for (const NumberRange& range : set.ranges)
    plain = plain && range.first != kStar && range.last != kStar;
  if (!plain) return SyntaxError("Bad set of known messages");
  return set;
}

bool Ascends(const NumberSet& set) {
  uint32_t last = 0;
  for (const NumberRange& range : set.ranges) {
    if (range.first <= last || range.last < range.first) return false;
    last = range.last;
  }
  return true;
}

// RFC 7162 7 select-param: QRESYNC (uidvalidity modseq [known-uids] [(numbers uids)])
absl::StatusOr<Resync> ParseResync(Scanner& in) {
  Resync resync;
  RETURN_IF_ERROR(in.Expect('('));
  ASSIGN_OR_RETURN(resync.uid_validity, in.Number());
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(resync.modseq, in.Number64());
  bool more = in.Eat(' ');
  if (more && in.Peek() != '(') {
    ASSIGN_OR_RETURN(resync.known_uids, ParseKnownSet(in));
    more = in.Eat(' ');
  }
  if (more) {
    RETURN_IF_ERROR(in.Expect('('));
    ASSIGN_OR_RETURN(resync.sample_numbers, ParseKnownSet(in));
    RETURN_IF_ERROR(in.Expect(' '));
    ASSIGN_OR_RETURN(resync.sample_uids, ParseKnownSet(in));
    RETURN_IF_ERROR(in.Expect(')'));
    if (!Ascends(resync.sample_numbers) || !Ascends(resync.sample_uids))
      return SyntaxError("Sample sets do not ascend");
  }
  RETURN_IF_ERROR(in.Expect(')'));
  return resync;
}

absl::Status ParseSelectParameters(Scanner& in, Select& select) {
  RETURN_IF_ERROR(in.Expect('('));
  do {
    if (in.EatWord("CONDSTORE")) {
      select.condstore = true;  // RFC 7162 3.1.8
    } else if (in.EatWord("QRESYNC")) {
      RETURN_IF_ERROR(in.Expect(' '));
      ASSIGN_OR_RETURN(select.resync, ParseResync(in));
    } else {
      return SyntaxError("Unknown parameter");
    }
  } while (in.Eat(' '));
  return in.Expect(')');
}

absl::StatusOr<CommandBody> ParseSelectAs(Scanner& in, bool read_only) {
  Select select;
  select.read_only = read_only;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(select.mailbox, in.Mailbox());
  if (in.Eat(' ')) RETURN_IF_ERROR(ParseSelectParameters(in, select));
  RETURN_IF_ERROR(in.ExpectEnd());
  return select;
}

struct StatusName {
  std::string_view name;
  StatusItem item;
};
constexpr StatusName kStatusNames[] = {
    {"MESSAGES", StatusItem::kMessages},   {"RECENT", StatusItem::kRecent},
    {"UIDNEXT", StatusItem::kUidNext},     {"UIDVALIDITY", StatusItem::kUidValidity},
    {"UNSEEN", StatusItem::kUnseen},       {"DELETED", StatusItem::kDeleted},
    {"SIZE", StatusItem::kSize},           {"HIGHESTMODSEQ", StatusItem::kHighestModSeq},
    {"MAILBOXID", StatusItem::kMailboxId}, {"APPENDLIMIT", StatusItem::kAppendLimit}};

absl::StatusOr<StatusItem> ParseStatusItem(Scanner& in) {
  ASSIGN_OR_RETURN(std::string word, in.Word());
  for (const StatusName& row : kStatusNames) {
    if (row.name == word) return row.item;
  }
  return SyntaxError("Unknown status item");
}

}  // namespace

absl::StatusOr<std::vector<StatusItem>> ParseStatusItems(Scanner& in) {
  std::vector<StatusItem> items;
  RETURN_IF_ERROR(in.Expect('('));
  while (!in.Eat(')')) {
    if (!items.empty()) RETURN_IF_ERROR(in.Expect(' '));
    ASSIGN_OR_RETURN(StatusItem item, ParseStatusItem(in));
    items.push_back(item);
  }
  return items;
}

absl::StatusOr<CommandBody> ParseSelect(Scanner& in) {
  return ParseSelectAs(in, false);
}
absl::StatusOr<CommandBody> ParseExamine(Scanner& in) {
  return ParseSelectAs(in, true);
}

absl::StatusOr<CommandBody> ParseCreate(Scanner& in) {
  Create create;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(create.mailbox, in.Mailbox());
  // RFC 6154 3: CREATE name (USE (\Sent))
  if (in.Eat(' ')) {
    RETURN_IF_ERROR(in.Expect('('));
    if (!in.EatWord("USE")) return SyntaxError("Unknown parameter");
    RETURN_IF_ERROR(in.Expect(' '));
    RETURN_IF_ERROR(in.Expect('('));
    while (!in.Eat(')')) {
      if (!create.special_uses.empty()) RETURN_IF_ERROR(in.Expect(' '));
      RETURN_IF_ERROR(in.Expect('\\'));
      ASSIGN_OR_RETURN(std::string use, in.Atom());
      create.special_uses.push_back("\\" + use);
    }
    RETURN_IF_ERROR(in.Expect(')'));
  }
  RETURN_IF_ERROR(in.ExpectEnd());
  return create;
}

absl::StatusOr<CommandBody> ParseDelete(Scanner& in) {
  ASSIGN_OR_RETURN(std::string name, OneMailbox(in));
  return Delete{std::move(name)};
}

absl::StatusOr<CommandBody> ParseRename(Scanner& in) {
  Rename rename;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(rename.from, in.Mailbox());
  ASSIGN_OR_RETURN(rename.to, OneMailbox(in));
  return rename;
}

absl::StatusOr<CommandBody> ParseSubscribe(Scanner& in) {
  ASSIGN_OR_RETURN(std::string name, OneMailbox(in));
  return Subscribe{std::move(name), true};
}

absl::StatusOr<CommandBody> ParseUnsubscribe(Scanner& in) {
  ASSIGN_OR_RETURN(std::string name, OneMailbox(in));
  return Subscribe{std::move(name), false};
}

absl::StatusOr<CommandBody> ParseStatus(Scanner& in) {
  Status status;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(status.mailbox, in.Mailbox());
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(status.items, ParseStatusItems(in));
  if (status.items.empty()) return SyntaxError("No status item");
  RETURN_IF_ERROR(in.ExpectEnd());
  return status;
}

// RFC 9208 4.1.2
absl::StatusOr<CommandBody> ParseGetQuota(Scanner& in) {
  GetQuota quota;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(quota.root, in.AString());
  RETURN_IF_ERROR(in.ExpectEnd());
  return quota;
}

absl::StatusOr<CommandBody> ParseGetQuotaRoot(Scanner& in) {
  ASSIGN_OR_RETURN(std::string name, OneMailbox(in));
  return GetQuotaRoot{std::move(name)};
}

}  // namespace pennypost::imap
