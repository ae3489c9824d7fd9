// The view and the store: how changes of others get to the client.

#include <fmt/format.h>

#include "imap/write.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

std::vector<imap::MessageState> FromIndex(const pb::MessageIndex& index) {
  std::vector<imap::Flags> sets;
  for (const pb::FlagSet& set : index.flag_sets())
    sets.emplace_back(set.flags().begin(), set.flags().end());
  std::vector<imap::MessageState> messages;
  messages.reserve(static_cast<size_t>(index.uids_size()));
  for (int i = 0; i < index.uids_size(); ++i) {
    imap::MessageState& message = messages.emplace_back();
    message.uid = index.uids(i);
    // The arrays are parallel; a short one is our own bug and must not end the session.
    if (i < index.modseqs_size()) message.modseq = index.modseqs(i);
    if (i < index.sizes_size()) message.size = index.sizes(i);
    if (i < index.internal_dates_size()) message.internal_date = index.internal_dates(i);
    if (i < index.flags_size() && index.flags(i) < sets.size())
      message.flags = sets[index.flags(i)];
  }
  return messages;
}

void LoadIndex(const pb::MessageIndex& index, imap::MailboxView& view) {
  std::vector<imap::Flags> sets;
  for (const pb::FlagSet& set : index.flag_sets())
    sets.emplace_back(set.flags().begin(), set.flags().end());
  // The arrays are parallel; a short one is our own bug and must not end the session.
  int count = std::min({index.uids_size(), index.modseqs_size(), index.sizes_size(),
                        index.internal_dates_size(), index.flags_size()});
  std::vector<imap::MailboxView::Row> rows;
  rows.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    if (index.flags(i) >= sets.size()) break;
    rows.push_back(
        {index.uids(i), index.sizes(i), index.modseqs(i), index.internal_dates(i), index.flags(i)});
  }
  view.Load(std::move(sets), rows);
}

void ApplyChanges(const pb::GetChangesResponse& changes, imap::MailboxView& view) {
  for (const imap::MessageState& message : FromIndex(changes.changed())) view.Change(message);
  std::vector<uint32_t> gone(changes.vanished().begin(), changes.vanished().end());
  size_t at = 0;
  for (const pb::UidRange& range : changes.vanished_ranges()) {
    while (at < view.size() && view.uid_at(at) < range.first()) ++at;
    for (; at < view.size() && view.uid_at(at) <= range.last(); ++at)
      gone.push_back(view.uid_at(at));
  }
  view.Vanish(gone);
  view.SetHighestModSeq(changes.mailbox().highest_modseq());
}

void WriteMissedExpunges(const pb::GetChangesResponse& changes, const imap::NumberSetIndex& wanted,
                         uint32_t above, const imap::MailboxView& view, std::string& out) {
  std::vector<uint32_t> vanished;
  for (uint32_t uid : changes.vanished()) {
    if (uid > above && wanted.Contains(uid) && !view.IndexOf(uid)) vanished.push_back(uid);
  }
  imap::WriteVanishedEarlier(vanished, out);
  std::vector<imap::NumberRange> not_there;
  size_t at = 0;
  for (const pb::UidRange& range : changes.vanished_ranges()) {
    for (imap::NumberRange part : wanted.Within(std::max(range.first(), above + 1), range.last())) {
      while (at < view.size() && view.uid_at(at) < part.first) ++at;
      for (; at < view.size() && view.uid_at(at) <= part.last; ++at) {
        uint32_t known = view.uid_at(at);
        if (known > part.first) not_there.push_back({part.first, known - 1});
        part.first = known + 1;
      }
      if (part.first <= part.last) not_there.push_back(part);
    }
  }
  imap::WriteVanishedEarlier(not_there, out);
}

net::Awaitable<absl::Status> SyncView(ImapContext& context) {
  auto request = ForSelected<pb::GetChangesRequest>(context);
  request.set_since_modseq(context.view().info().highest_modseq);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::GetChanges, request, kReadTimeout);
  if (!response.ok()) co_return response.status();
  ApplyChanges(*response, context.view());
  co_return absl::OkStatus();
}

net::Awaitable<void> TellHighestModSeq(ImapContext& context, imap::Result& result) {
  if (!context.session.features().qresync) co_return;
  absl::Status synced = co_await SyncView(context);
  if (!synced.ok()) co_return;
  result.code = fmt::format("HIGHESTMODSEQ {}", context.view().info().highest_modseq);
}

}  // namespace pennypost::access
