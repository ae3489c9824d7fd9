// COPY and MOVE (RFC 9051 6.4.7, 6.4.8).

#include <fmt/format.h>

#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"
#include "services/access/imap/progress.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

net::Awaitable<Done> HandleCopy(ImapContext& context, const imap::Copy& copy) {
  Done done;
  done.result = imap::Ok("Nothing to do");
  if (copy.move && context.session.read_only()) {
    done.result = imap::No("Mailbox is read-only", "NOPERM");
    co_return done;
  }
  auto indexes = context.view().Resolve(copy.set, copy.numbers);
  if (!indexes.ok()) co_return ImapRefusal(indexes.status());
  if (indexes->empty()) co_return done;
  // RFC 9738: all or none. MOVE may be as large as it likes.
  if (!copy.move && indexes->size() > context.session.save_limit()) {
    done.result = TooManyMessages(context);
    co_return done;
  }
  auto place = co_await Locate(context, copy.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status(), MissingMailbox::kTryCreate);
  auto request = ForSelected<pb::CopyMessagesRequest>(context);
  for (size_t index : *indexes) request.add_uids(context.view().uid_at(index));
  request.set_destination(place->mailbox);
  if (place->owner.id != request.account_id()) request.set_destination_account_id(place->owner.id);
  request.set_move(copy.move);
  request.set_quota_bytes(place->owner.quota_bytes);
  auto response =
      co_await CallWithProgress(context, &pb::MailboxService::CopyMessages, request, kWriteTimeout);
  if (!response.ok()) co_return ImapRefusal(response.status(), MissingMailbox::kTryCreate);
  if (response->source_uids().empty()) co_return done;

  std::vector<uint32_t> from(response->source_uids().begin(), response->source_uids().end());
  std::vector<uint32_t> to(response->destination_uids().begin(),
                           response->destination_uids().end());
  if (copy.mailbox == context.view().info().name) context.own_uids = to;
  std::string code = fmt::format("COPYUID {} {} {}", response->destination_uid_validity(),
                                 imap::FormatSet(from), imap::FormatSet(to));
  if (copy.move) {
    // RFC 9051 6.4.8: COPYUID before the EXPUNGEs that the session now reports.
    done.untagged = fmt::format("* OK [{}] Moved\r\n", code);
    done.result = imap::Ok("Moved");
    context.view().Vanish(from);
    co_await TellHighestModSeq(context, done.result);
  } else {
    done.result = imap::Ok("Copied", code);
  }
  co_return done;
}

}  // namespace pennypost::access
