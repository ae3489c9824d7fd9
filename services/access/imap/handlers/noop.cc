// NOOP and CHECK (RFC 9051 6.1.2, RFC 3501 6.4.1).

#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

net::Awaitable<Done> HandleNoop(ImapContext& context) {
  Done done;
  done.result = imap::Ok("Done");
  if (!context.session.view()) co_return done;
  absl::Status status = co_await SyncView(context);
  // Nothing is invented while the store is away: no changes are known, and that is what NOOP says.
  if (status.code() == absl::StatusCode::kNotFound) done.result = ImapError(status);
  co_return done;
}

}  // namespace pennypost::access
