// STATUS (RFC 9051 6.3.11).

#include <fmt/format.h>

#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

std::string MailboxObjectId(int64_t account_id, int64_t mailbox_id) {
  return fmt::format("F{}-{}", account_id, mailbox_id);
}

std::vector<imap::StatusValue> StatusValues(const ImapContext& context, int64_t account_id,
                                            const pb::Mailbox& mailbox,
                                            const std::vector<imap::StatusItem>& items) {
  using imap::StatusItem;
  std::vector<imap::StatusValue> values;
  for (StatusItem item : items) {
    uint64_t value = 0;
    switch (item) {
      case StatusItem::kMessages:
        value = mailbox.messages();
        break;
      case StatusItem::kRecent:
        break;
      case StatusItem::kUidNext:
        value = mailbox.uid_next();
        break;
      case StatusItem::kUidValidity:
        value = mailbox.uid_validity();
        break;
      case StatusItem::kUnseen:
        value = mailbox.unseen();
        break;
      case StatusItem::kDeleted:
        value = mailbox.deleted();
        break;
      case StatusItem::kSize:
        value = mailbox.size_bytes();
        break;
      case StatusItem::kHighestModSeq:
        value = mailbox.highest_modseq();
        break;
      case StatusItem::kMailboxId:
        values.push_back({item, 0, MailboxObjectId(account_id, mailbox.id())});
        continue;
      case StatusItem::kAppendLimit:
        // RFC 7889 3: the same for all mailboxes.
        value = context.session.max_message();
        break;
    }
    values.push_back({item, value});
  }
  return values;
}

net::Awaitable<Done> HandleStatus(ImapContext& context, const imap::Status& status) {
  auto place = co_await Locate(context, status.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  auto mailbox = co_await Look(context, *place);
  if (!mailbox.ok()) co_return ImapRefusal(mailbox.status());
  if (!RightsTo(*mailbox).Has('r'))
    co_return ImapRefusal(PolicyError("The right \"r\" to this mailbox is missing"));
  // RFC 7162 3.1: asking for HIGHESTMODSEQ switches CONDSTORE on.
  for (imap::StatusItem item : status.items) {
    if (item == imap::StatusItem::kHighestModSeq) context.session.EnableCondstore();
  }
  Done done;
  imap::WriteStatus(status.mailbox, StatusValues(context, place->owner.id, *mailbox, status.items),
                    context.names(), done.untagged);
  done.result = imap::Ok("Done");
  co_return done;
}

}  // namespace pennypost::access
