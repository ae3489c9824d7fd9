// FETCH (RFC 9051 6.4.5, RFC 7162 3.1.4).

#include "services/access/imap/fetch_run.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

net::Awaitable<Done> HandleFetch(ImapContext& context, const imap::Fetch& fetch) {
  auto resolved = context.view().Resolve(fetch.set, fetch.numbers);
  if (!resolved.ok()) co_return ImapRefusal(resolved.status());
  for (const imap::FetchItem& item : fetch.items) {
    if (item.kind == imap::FetchItem::Kind::kModSeq) context.session.EnableCondstore();
  }
  std::vector<size_t> indexes;
  for (size_t index : *resolved) {
    bool wanted = !fetch.changed_since || context.view().At(index).modseq > *fetch.changed_since;
    if (wanted && !context.view().IsGone(index)) indexes.push_back(index);
  }
  FetchRun run(context, fetch);
  absl::Status status = co_await run.Run(indexes);
  Done done;
  done.result = ImapError(status);
  // A response that broke off is not sent; those before it are whole.
  if (status.ok()) done.untagged = run.TakeOutput();
  // RFC 5530 3: the client may want to look what is left.
  if (status.ok() && run.some_gone())
    done.result = imap::Ok("Some messages are gone", "EXPUNGEISSUED");
  co_return done;
}

}  // namespace pennypost::access
