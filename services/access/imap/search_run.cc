#include "services/access/imap/search_run.h"

#include <algorithm>

#include "imap/number_set.h"
#include "services/access/imap/handlers.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

using Op = imap::SearchKey::Op;

pb::SearchKey::Op OpOf(Op op) {
  switch (op) {
    case Op::kAll:
      return pb::SearchKey::OP_ALL;
    case Op::kAnd:
      return pb::SearchKey::OP_AND;
    case Op::kOr:
      return pb::SearchKey::OP_OR;
    case Op::kNot:
      return pb::SearchKey::OP_NOT;
    case Op::kFlag:
      return pb::SearchKey::OP_FLAG;
    case Op::kSequence:
    case Op::kUid:
      return pb::SearchKey::OP_UIDS;
    case Op::kBefore:
      return pb::SearchKey::OP_BEFORE;
    case Op::kOn:
      return pb::SearchKey::OP_ON;
    case Op::kSince:
      return pb::SearchKey::OP_SINCE;
    case Op::kSentBefore:
      return pb::SearchKey::OP_SENT_BEFORE;
    case Op::kSentOn:
      return pb::SearchKey::OP_SENT_ON;
    case Op::kSentSince:
      return pb::SearchKey::OP_SENT_SINCE;
    case Op::kLarger:
      return pb::SearchKey::OP_LARGER;
    case Op::kSmaller:
      return pb::SearchKey::OP_SMALLER;
    case Op::kHeader:
      return pb::SearchKey::OP_HEADER;
    case Op::kBody:
      return pb::SearchKey::OP_BODY;
    case Op::kText:
      return pb::SearchKey::OP_TEXT;
    case Op::kModSeq:
      return pb::SearchKey::OP_MODSEQ;
    case Op::kOlder:
      return pb::SearchKey::OP_OLDER;
    case Op::kYounger:
      return pb::SearchKey::OP_YOUNGER;
    case Op::kEmailId:
      return pb::SearchKey::OP_EMAIL_ID;
    case Op::kThreadId:
      return pb::SearchKey::OP_THREAD_ID;
    case Op::kSavedBefore:
      return pb::SearchKey::OP_SAVED_BEFORE;
    case Op::kSavedOn:
      return pb::SearchKey::OP_SAVED_ON;
    case Op::kSavedSince:
      return pb::SearchKey::OP_SAVED_SINCE;
  }
  return pb::SearchKey::OP_UNSPECIFIED;
}

// UIDs of the set as ranges. The store knows no sequence numbers, and "*" is the client's view of
// the mailbox.
absl::Status AddRanges(const imap::MailboxView& view, const imap::SearchKey& key,
                       pb::SearchKey& out) {
  auto numbers = key.op == Op::kUid ? imap::Numbers::kUid : imap::Numbers::kSequence;
  ASSIGN_OR_RETURN(std::vector<size_t> indexes, view.Resolve(key.set, numbers));
  for (size_t i = 0; i < indexes.size(); ++i) {
    pb::UidRange* range = out.add_ranges();
    range->set_first(view.uid_at(indexes[i]));
    // Neighbours in the view may be one range: the UIDs between them belong to nobody.
    while (i + 1 < indexes.size() && indexes[i + 1] == indexes[i] + 1) ++i;
    range->set_last(view.uid_at(indexes[i]));
  }
  return absl::OkStatus();
}

bool Uses(const imap::SearchKey& key, Op op) {
  if (key.op == op) return true;
  for (const imap::SearchKey& child : key.children) {
    if (Uses(child, op)) return true;
  }
  return false;
}

}  // namespace

// As deep as the parser allowed.
absl::Status ToProto(const imap::MailboxView& view, const imap::SearchKey& key,
                     pb::SearchKey& out) {
  out.set_op(OpOf(key.op));
  out.set_header(key.header);
  out.set_text(key.text);
  if (key.op == Op::kEmailId || key.op == Op::kThreadId) {
    // Without its letter; an id that is not of this kind matches nothing.
    bool ours = key.text[0] == (key.op == Op::kEmailId ? 'M' : 'T');
    out.set_text(ours ? key.text.substr(1) : "");
  }
  out.set_number(key.number);
  out.set_date(key.date);
  out.set_fuzzy(key.fuzzy);
  for (const imap::SearchKey& child : key.children)
    RETURN_IF_ERROR(ToProto(view, child, *out.add_children()));
  if (key.op == Op::kSequence || key.op == Op::kUid) return AddRanges(view, key, out);
  return absl::OkStatus();
}

net::Awaitable<absl::Status> PrepareSearch(ImapContext& context, const imap::Search& search,
                                           Done& done, pb::SearchKey& key) {
  if (Uses(search.key, Op::kModSeq)) context.session.EnableCondstore();
  absl::Status synced = co_await SyncView(context);
  if (!synced.ok()) co_return synced;
  // RFC 9051 7.5.1: no EXPUNGE while sequence numbers are in use, be it in the keys of UID SEARCH.
  done.hold_expunges =
      search.numbers == imap::Numbers::kSequence || Uses(search.key, Op::kSequence);
  auto expunges = done.hold_expunges ? imap::Expunges::kHold : imap::Expunges::kReport;
  // The result may name messages that just came: the client hears of them first.
  done.untagged = context.session.TakeUpdates(expunges);
  co_return ToProto(context.view(), search.key, key);
}

template <class Response>
FoundMessages ToFound(const ImapContext& context, const imap::Search& search,
                      const Response& response) {
  FoundMessages found;
  bool weighed = response.relevancy_size() == response.uids_size();
  for (int i = 0; i < response.uids_size(); ++i) {
    uint32_t uid = response.uids(i);
    auto index = context.view().IndexOf(uid);
    if (!index) continue;
    found.uids.push_back(uid);
    found.result.numbers.push_back(
        search.numbers == imap::Numbers::kUid ? uid : static_cast<uint32_t>(*index + 1));
    if (weighed) found.result.relevancy.push_back(response.relevancy(i));
  }
  if (Uses(search.key, Op::kModSeq)) found.result.highest_modseq = response.highest_modseq();
  return found;
}
template FoundMessages ToFound(const ImapContext&, const imap::Search&, const pb::SearchResponse&);
template FoundMessages ToFound(const ImapContext&, const imap::Search&, const pb::SortResponse&);

void SaveResult(ImapContext& context, const imap::Search& search,
                const std::vector<uint32_t>& uids) {
  if (!(search.returns & imap::kReturnSave)) return;
  std::vector<uint32_t> saved = uids;
  constexpr unsigned kPieces = imap::kReturnMin | imap::kReturnMax | imap::kReturnPartial;
  constexpr unsigned kWhole = imap::kReturnAll | imap::kReturnCount;
  if (!uids.empty() && (search.returns & kPieces) && !(search.returns & kWhole)) {
    saved.clear();
    if (search.returns & imap::kReturnMin) saved.push_back(uids.front());
    if (search.returns & imap::kReturnMax) saved.push_back(uids.back());
    if (search.partial) {
      imap::IndexRange piece = imap::PieceOf(*search.partial, uids.size());
      for (size_t i = piece.begin; i < piece.end; ++i) saved.push_back(uids[i]);
    }
  }
  // "$" is a set of messages, whatever the order of the result.
  std::sort(saved.begin(), saved.end());
  saved.erase(std::unique(saved.begin(), saved.end()), saved.end());
  context.view().SaveSearch(std::move(saved));
}

}  // namespace pennypost::access
