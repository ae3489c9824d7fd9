// SEARCH (RFC 9051 6.4.4, RFC 4731, RFC 5182, RFC 7162 3.1.5, RFC 9394).

#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"
#include "services/access/imap/progress.h"
#include "services/access/imap/search_run.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

net::Awaitable<Done> HandleSearch(ImapContext& context, const imap::Search& search,
                                  const std::string& tag) {
  Done done;
  auto request = ForSelected<pb::SearchRequest>(context);
  absl::Status prepared = co_await PrepareSearch(context, search, done, *request.mutable_key());
  if (!prepared.ok()) {
    done.result = ImapError(prepared);
    co_return done;
  }
  auto response =
      co_await CallWithProgress(context, &pb::MailboxService::Search, request, kSearchTimeout);
  if (!response.ok()) {
    // RFC 5182 2.1: a search that failed leaves an empty result.
    SaveResult(context, search, {});
    done.result = ImapError(response.status());
    co_return done;
  }
  FoundMessages found = ToFound(context, search, *response);
  SaveResult(context, search, found.uids);
  done.result = imap::Ok("Done");
  bool keep = (search.returns & imap::kReturnUpdate) != 0;
  if (keep) KeepUpdated(context, search, {}, found.uids, done);
  // RFC 9051 6.4.4: IMAP4rev2 answers with ESEARCH always.
  bool extended = search.extended || context.session.features().imap4rev2;
  unsigned returns = search.extended ? search.returns : unsigned{imap::kReturnAll};
  if (!extended) {
    imap::WriteSearch(found.result, done.untagged);
  } else if ((returns & ~imap::kReturnNothing) != 0) {
    imap::WriteESearch(found.result, tag, search, returns, done.untagged);
  }
  co_return done;
}

}  // namespace pennypost::access
