// STORE (RFC 9051 6.4.6, RFC 7162 3.1.3).

#include <fmt/format.h>

#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"
#include "services/access/imap/progress.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

pb::StoreFlagsRequest::Mode ModeOf(imap::Store::Mode mode) {
  switch (mode) {
    case imap::Store::Mode::kSet:
      return pb::StoreFlagsRequest::MODE_SET;
    case imap::Store::Mode::kAdd:
      return pb::StoreFlagsRequest::MODE_ADD;
    case imap::Store::Mode::kRemove:
      return pb::StoreFlagsRequest::MODE_REMOVE;
  }
  return pb::StoreFlagsRequest::MODE_UNSPECIFIED;
}

// The answer for one message. With CONDSTORE the MODSEQ is told even where the flags are not (RFC
// 7162 3.1.3).
void WriteChange(const ImapContext& context, const imap::Store& store, size_t index,
                 const imap::MessageState& message, std::string& out) {
  bool modseq = context.session.features().condstore;
  if (store.silent && !modseq) return;
  imap::BeginFetchWithUid(index, message.uid, context.session.features().numbers(), out);
  if (!store.silent) {
    out += "FLAGS ";
    imap::WriteFlags(message.flags, out);
    if (modseq) out += ' ';
  }
  if (modseq) out += fmt::format("MODSEQ ({})", message.modseq);
  out += ")\r\n";
}

// RFC 7162 3.1.3: MODIFIED in the numbers of the command.
std::string ModifiedCode(const ImapContext& context, const imap::Store& store,
                         const pb::StoreFlagsResponse& response) {
  std::vector<uint32_t> numbers;
  for (uint32_t uid : response.modified()) {
    auto index = context.view().IndexOf(uid);
    if (store.numbers == imap::Numbers::kUid) {
      numbers.push_back(uid);
    } else if (index) {
      numbers.push_back(static_cast<uint32_t>(*index + 1));
    }
  }
  return numbers.empty() ? "" : "MODIFIED " + imap::FormatSet(numbers);
}

}  // namespace

net::Awaitable<Done> HandleStore(ImapContext& context, const imap::Store& store) {
  Done done;
  done.result = imap::Ok("Done");
  if (context.session.read_only()) {
    done.result = imap::No("Mailbox is read-only", "NOPERM");
    co_return done;
  }
  if (store.unchanged_since) context.session.EnableCondstore();
  auto indexes = context.view().Resolve(store.set, store.numbers);
  if (!indexes.ok()) co_return ImapRefusal(indexes.status());
  if (indexes->empty()) co_return done;
  auto request = ForSelected<pb::StoreFlagsRequest>(context);
  for (size_t index : *indexes) request.add_uids(context.view().uid_at(index));
  request.set_mode(ModeOf(store.mode));
  for (const std::string& flag : store.flags) request.add_flags(flag);
  if (store.unchanged_since) request.set_unchanged_since(*store.unchanged_since);
  auto response =
      co_await CallWithProgress(context, &pb::MailboxService::StoreFlags, request, kWriteTimeout);
  if (!response.ok()) co_return ImapRefusal(response.status());

  for (const imap::MessageState& message : FromIndex(response->index())) {
    auto index = context.view().IndexOf(message.uid);
    if (!index) continue;
    context.view().Change(message, imap::MailboxView::Origin::kOwn);
    WriteChange(context, store, *index, message, done.untagged);
  }
  done.result.code = ModifiedCode(context, store, *response);
  co_return done;
}

}  // namespace pennypost::access
