// FETCH (RFC 9051 6.4.5, RFC 7162 3.1.4, 3.2.6).

#include "imap/number_set.h"
#include "rpc/call.h"
#include "services/access/imap/fetch_run.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

// RFC 7162 3.1.4.1, 3.2.6: the client wants to be up to date, so what others did comes first.
net::Awaitable<absl::Status> TellMissed(ImapContext& context, const imap::Fetch& fetch) {
  absl::Status synced = co_await SyncView(context);
  if (!synced.ok()) co_return synced;
  imap::MailboxView& view = context.view();
  auto expunges =
      fetch.numbers == imap::Numbers::kUid ? imap::Expunges::kReport : imap::Expunges::kHold;
  std::string out = context.session.TakeUpdates(expunges);
  if (fetch.vanished) {
    auto request = ForSelected<pb::GetChangesRequest>(context);
    request.set_since_modseq(*fetch.changed_since);
    auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::GetChanges, request,
                                       kOpenTimeout);
    if (!response.ok()) co_return response.status();
    uint32_t star = view.size() == 0 ? 1 : view.uid_at(view.size() - 1);
    imap::NumberSetIndex wanted(fetch.set, star);
    WriteMissedExpunges(*response, wanted, 0, view, out);
  }
  if (out.empty()) co_return absl::OkStatus();
  bool written = co_await context.sink.Write(out);
  co_return written ? absl::OkStatus() : absl::CancelledError("the client is gone");
}

}  // namespace

net::Awaitable<Done> HandleFetch(ImapContext& context, const imap::Fetch& fetch) {
  if (fetch.changed_since) {
    context.session.EnableCondstore();
    absl::Status told = co_await TellMissed(context, fetch);
    if (!told.ok()) co_return ImapRefusal(told);
  }
  auto resolved = context.view().Resolve(fetch.set, fetch.numbers);
  if (!resolved.ok()) co_return ImapRefusal(resolved.status());
  for (const imap::FetchItem& item : fetch.items) {
    if (item.kind == imap::FetchItem::Kind::kModSeq) context.session.EnableCondstore();
  }
  std::vector<size_t> indexes;
  imap::IndexRange piece{0, resolved->size()};
  // RFC 9394 3.4: the piece is cut first, then CHANGEDSINCE looks at it.
  if (fetch.partial) piece = imap::PieceOf(*fetch.partial, resolved->size());
  for (size_t i = piece.begin; i < piece.end; ++i) {
    size_t index = (*resolved)[i];
    bool wanted = !fetch.changed_since || context.view().At(index).modseq > *fetch.changed_since;
    if (wanted && !context.view().IsGone(index)) indexes.push_back(index);
  }
  FetchRun run(context, fetch);
  absl::Status status = co_await run.Run(indexes);
  Done done;
  done.result = ImapError(status);
  if (status.code() == absl::StatusCode::kUnimplemented)
    done.result = imap::No("The part cannot be decoded", "UNKNOWN-CTE");
  // Responses that are whole, and the end of one whose beginning went out before.
  done.untagged = run.TakeOutput();
  // RFC 5530 3: the client may want to look what is left.
  if (status.ok() && run.some_gone())
    done.result = imap::Ok("Some messages are gone", "EXPUNGEISSUED");
  co_return done;
}

}  // namespace pennypost::access
