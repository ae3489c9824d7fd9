// Results of SEARCH and SORT that are kept up to date (RFC 5267 4.3). Only messages that changed
// are looked at; a SORT is done anew when one of them came into its result.

#include <fmt/format.h>

#include <algorithm>

#include "imap/write.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/search_run.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

using Op = imap::SearchKey::Op;

// RFC 5267 4.3: sequence numbers, and "$", mean what they meant when the command came. UIDs may
// still come into a range.
absl::Status NameByUid(const imap::MailboxView& view, imap::SearchKey& key) {
  for (imap::SearchKey& child : key.children) RETURN_IF_ERROR(NameByUid(view, child));
  bool set = key.op == Op::kSequence || (key.op == Op::kUid && key.set.saved);
  if (!set) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<size_t> indexes, view.Resolve(key.set, imap::Numbers::kSequence));
  key.op = Op::kUid;
  key.set = {};
  for (size_t index : indexes) key.set.ranges.push_back({view.uid_at(index), view.uid_at(index)});
  return absl::OkStatus();
}

// The key, of these messages only.
absl::StatusOr<pb::SearchKey> Among(const imap::MailboxView& view, const imap::SearchKey& key,
                                    const std::vector<uint32_t>& uids) {
  pb::SearchKey both;
  both.set_op(pb::SearchKey::OP_AND);
  pb::SearchKey* these = both.add_children();
  these->set_op(pb::SearchKey::OP_UIDS);
  for (size_t i = 0; i < uids.size(); ++i) {
    pb::UidRange* range = these->add_ranges();
    range->set_first(uids[i]);
    while (i + 1 < uids.size() && uids[i + 1] == uids[i] + 1) ++i;
    range->set_last(uids[i]);
  }
  RETURN_IF_ERROR(ToProto(view, key, *both.add_children()));
  return both;
}

// The new result of a search: of the changed messages those that match now, the others as before.
net::Awaitable<absl::StatusOr<std::vector<uint32_t>>> Search(ImapContext& context,
                                                             const imap::UpdatedSearch& search,
                                                             const std::vector<uint32_t>& changed) {
  auto key = Among(context.view(), search.key, changed);
  if (!key.ok()) co_return key.status();
  auto request = ForSelected<pb::SearchRequest>(context);
  *request.mutable_key() = *std::move(key);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::Search, request, kSearchTimeout);
  if (!response.ok()) co_return response.status();
  std::vector<uint32_t> matches(response->uids().begin(), response->uids().end());
  std::sort(matches.begin(), matches.end());
  std::vector<uint32_t> now;
  for (uint32_t uid : search.now) {
    bool same = !std::binary_search(changed.begin(), changed.end(), uid);
    if (same || std::binary_search(matches.begin(), matches.end(), uid)) now.push_back(uid);
  }
  std::vector<uint32_t> before = search.now;
  std::sort(before.begin(), before.end());
  for (uint32_t uid : matches) {
    bool ours = std::binary_search(changed.begin(), changed.end(), uid);
    if (ours && !std::binary_search(before.begin(), before.end(), uid)) now.push_back(uid);
  }
  if (search.order.empty()) std::sort(now.begin(), now.end());
  co_return now;
}

// The same messages in the order of a SORT.
net::Awaitable<absl::StatusOr<std::vector<uint32_t>>> Sort(ImapContext& context,
                                                           const imap::UpdatedSearch& search,
                                                           std::vector<uint32_t> uids) {
  std::sort(uids.begin(), uids.end());
  auto key = Among(context.view(), search.key, uids);
  if (!key.ok()) co_return key.status();
  auto request = ForSelected<pb::SortRequest>(context);
  *request.mutable_key() = *std::move(key);
  SetOrder(search.order, request);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::Sort, request, kSearchTimeout);
  if (!response.ok()) co_return response.status();
  co_return std::vector<uint32_t>(response->uids().begin(), response->uids().end());
}

pb::SortKey::Field FieldOf(imap::SortKey::Field field) {
  using Field = imap::SortKey::Field;
  switch (field) {
    case Field::kArrival:
      return pb::SortKey::FIELD_ARRIVAL;
    case Field::kCc:
      return pb::SortKey::FIELD_CC;
    case Field::kDate:
      return pb::SortKey::FIELD_DATE;
    case Field::kFrom:
      return pb::SortKey::FIELD_FROM;
    case Field::kSize:
      return pb::SortKey::FIELD_SIZE;
    case Field::kSubject:
      return pb::SortKey::FIELD_SUBJECT;
    case Field::kTo:
      return pb::SortKey::FIELD_TO;
    case Field::kDisplayFrom:
      return pb::SortKey::FIELD_DISPLAY_FROM;
    case Field::kDisplayTo:
      return pb::SortKey::FIELD_DISPLAY_TO;
    case Field::kRelevancy:
      return pb::SortKey::FIELD_RELEVANCY;
  }
  return pb::SortKey::FIELD_UNSPECIFIED;
}

}  // namespace

void SetOrder(const std::vector<imap::SortKey>& order, pb::SortRequest& out) {
  for (const imap::SortKey& key : order) {
    pb::SortKey* added = out.add_order();
    added->set_field(FieldOf(key.field));
    added->set_reverse(key.reverse);
  }
}

void KeepUpdated(ImapContext& context, const imap::Search& search,
                 const std::vector<imap::SortKey>& order, const std::vector<uint32_t>& uids,
                 Done& done) {
  imap::SearchUpdates& updates = *context.session.search_updates();
  imap::UpdatedSearch kept{context.tag, search.numbers,  search.key, order, uids,
                           {},          search.new_items};
  bool named = NameByUid(context.view(), kept.key).ok();
  // What is sorted by weight changes places; all else a SORT looks at stays as it is in a message.
  bool moves = std::any_of(order.begin(), order.end(), [](const imap::SortKey& by) {
    return by.field == imap::SortKey::Field::kRelevancy;
  });
  if (!named || moves || !updates.HasRoom(uids.size())) {
    done.untagged += "* NO [NOUPDATE ";
    imap::WriteString(context.tag, done.untagged);
    done.untagged += "] This one cannot be kept up to date\r\n";
    return;
  }
  if (order.empty()) std::sort(kept.told.begin(), kept.told.end());
  updates.Add(std::move(kept), context.view());
}

net::Awaitable<void> RefreshSearches(ImapContext& context) {
  imap::SearchUpdates& updates = *context.session.search_updates();
  if (updates.empty()) co_return;
  std::vector<uint32_t> changed = updates.ChangedIn(context.view());
  if (changed.empty()) co_return;
  uint64_t known = context.view().info().highest_modseq;
  bool own = std::any_of(changed.begin(), changed.end(), [&context, known](uint32_t uid) {
    return context.view().At(*context.view().IndexOf(uid)).modseq > known;
  });
  if (own) {
    // A change of this session: what others did before it comes first, or it would be missed.
    absl::Status synced = co_await SyncView(context);
    if (!synced.ok()) co_return;
    changed = updates.ChangedIn(context.view());
  }
  for (size_t i = 0; i < updates.searches().size(); ++i) {
    const imap::UpdatedSearch& search = updates.searches()[i];
    auto now = co_await Search(context, search, changed);
    if (!now.ok()) co_return;
    bool came = now->size() > search.now.size();
    for (size_t k = 0; !came && k < now->size(); ++k) came = (*now)[k] != search.now[k];
    if (came && !search.order.empty()) now = co_await Sort(context, search, *std::move(now));
    if (!now.ok()) co_return;
    updates.SetMatches(i, *std::move(now));
  }
  updates.Settle(context.view());
}

}  // namespace pennypost::access
