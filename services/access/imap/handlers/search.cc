// SEARCH (RFC 9051 6.4.4, RFC 4731, RFC 5182, RFC 7162 3.1.5).

#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

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
  for (const imap::SearchKey& child : key.children)
    RETURN_IF_ERROR(ToProto(view, child, *out.add_children()));
  if (key.op == Op::kSequence || key.op == Op::kUid) return AddRanges(view, key, out);
  return absl::OkStatus();
}

bool Uses(const imap::SearchKey& key, Op op) {
  if (key.op == op) return true;
  for (const imap::SearchKey& child : key.children) {
    if (Uses(child, op)) return true;
  }
  return false;
}

// Only what the client can name: a message it was not told of yet is found by its next SEARCH.
imap::SearchResult ResultOf(const ImapContext& context, const imap::Search& search,
                            const pb::SearchResponse& response, std::vector<uint32_t>& uids) {
  imap::SearchResult result;
  for (uint32_t uid : response.uids()) {
    auto index = context.view().IndexOf(uid);
    if (!index) continue;
    uids.push_back(uid);
    result.numbers.push_back(
        search.numbers == imap::Numbers::kUid ? uid : static_cast<uint32_t>(*index + 1));
  }
  if (Uses(search.key, Op::kModSeq)) result.highest_modseq = response.highest_modseq();
  return result;
}

}  // namespace

net::Awaitable<Done> HandleSearch(ImapContext& context, const imap::Search& search,
                                  const std::string& tag) {
  if (Uses(search.key, Op::kModSeq)) context.session.EnableCondstore();
  absl::Status synced = co_await SyncView(context);
  if (!synced.ok()) co_return ImapRefusal(synced);
  Done done;
  // The result may name messages that just came: the client hears of them first.
  // RFC 9051 7.5.1: not while sequence numbers are in use, be it in the keys of UID SEARCH.
  done.hold_expunges =
      search.numbers == imap::Numbers::kSequence || Uses(search.key, Op::kSequence);
  auto expunges = done.hold_expunges ? imap::Expunges::kHold : imap::Expunges::kReport;
  done.untagged = context.view().TakeUpdates(expunges, context.session.update_form());
  auto request = ForSelected<pb::SearchRequest>(context);
  absl::Status converted = ToProto(context.view(), search.key, *request.mutable_key());
  if (!converted.ok()) {
    done.result = ImapError(converted);
    co_return done;
  }
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::Search, request, kSearchTimeout);
  if (!response.ok()) {
    done.result = ImapError(response.status());
    co_return done;
  }
  std::vector<uint32_t> uids;
  imap::SearchResult result = ResultOf(context, search, *response, uids);
  done.result = imap::Ok("Done");
  unsigned returns = search.returns;
  if (returns & imap::kReturnSave) context.view().SaveSearch(uids);
  // RFC 9051 6.4.4: IMAP4rev2 answers with ESEARCH always.
  bool extended = search.extended || context.session.features().imap4rev2;
  if (!search.extended) returns = imap::kReturnAll;
  if (!extended) {
    imap::WriteSearch(result, done.untagged);
  } else if (returns != imap::kReturnSave) {
    imap::WriteESearch(result, tag, search.numbers, returns, done.untagged);
  }
  co_return done;
}

}  // namespace pennypost::access
