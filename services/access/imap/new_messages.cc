// Items of new messages, unasked: NOTIFY's MessageNew and SEARCH RETURN (UPDATE (...)) (RFC
// 5465 5.2, 7).

#include <algorithm>

#include "services/access/imap/fetch_run.h"
#include "services/access/imap/handlers.h"

namespace pennypost::access {
namespace {

void AddItems(const std::vector<imap::FetchItem>& items, imap::Fetch& fetch) {
  for (const imap::FetchItem& item : items) {
    if (std::find(fetch.items.begin(), fetch.items.end(), item) == fetch.items.end())
      fetch.items.push_back(item);
  }
}

// One response for all who want something of it.
imap::Fetch WantedOf(const ImapContext& context, uint32_t uid) {
  imap::Fetch fetch;
  const imap::NotifyGroup* events = context.session.selected_events();
  if (events) AddItems(events->new_items, fetch);
  for (const imap::UpdatedSearch& search : context.session.search_updates()->searches()) {
    bool in = std::find(search.told.begin(), search.told.end(), uid) != search.told.end();
    if (in) AddItems(search.new_items, fetch);
  }
  return fetch;
}

}  // namespace

net::Awaitable<bool> SendNewMessages(ImapContext& context, uint32_t above,
                                     const std::vector<uint32_t>& own) {
  imap::MailboxView& view = context.view();
  std::vector<size_t> fresh;
  for (size_t i = view.announced(); i-- > 0 && view.uid_at(i) > above;) {
    bool ours = std::find(own.begin(), own.end(), view.uid_at(i)) != own.end();
    if (!ours && !view.IsGone(i)) fresh.push_back(i);
  }
  std::reverse(fresh.begin(), fresh.end());
  for (size_t index : fresh) {
    imap::Fetch fetch = WantedOf(context, view.uid_at(index));
    if (fetch.items.empty()) continue;
    FetchRun run(context, fetch);
    std::vector<size_t> one{index};
    // A message that cannot be read now is there for a FETCH of the client's own.
    (void)co_await run.Run(one);
    std::string bytes = run.TakeOutput();
    if (bytes.empty()) continue;
    bool written = co_await context.sink.Write(bytes);
    if (!written) co_return false;
  }
  co_return true;
}

}  // namespace pennypost::access
