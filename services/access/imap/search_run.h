#pragma once
// What SEARCH, SORT and THREAD do alike: bring the view up to date, ask the store in its words,
// answer in the numbers of the client.

#include <string>
#include <vector>

#include "services/access/imap/context.h"

namespace pennypost::access {

// Tells the client what is new, then writes the keys as the store knows them.
net::Awaitable<absl::Status> PrepareSearch(ImapContext& context, const imap::Search& search,
                                           imap::Done& done, mailbox::v1::SearchKey& key);

// Found messages that the client can name; one it was not told of yet is found by its next SEARCH.
struct FoundMessages {
  std::vector<uint32_t> uids;
  imap::SearchResult result;
};
// Of a SearchResponse or a SortResponse.
template <class Response>
FoundMessages ToFound(const ImapContext& context, const imap::Search& search,
                      const Response& response);

// A key in the words of the store, with sets as UIDs of the view.
absl::Status ToProto(const imap::MailboxView& view, const imap::SearchKey& key,
                     mailbox::v1::SearchKey& out);
void SetOrder(const std::vector<imap::SortKey>& order, mailbox::v1::SortRequest& out);

// RETURN (UPDATE) (RFC 5267 4.3): from here on the client hears how this result changes, if there
// is room for another one.
void KeepUpdated(ImapContext& context, const imap::Search& search,
                 const std::vector<imap::SortKey>& order, const std::vector<uint32_t>& uids,
                 imap::Done& done);
// Asks the store what the messages that changed in the view mean for those results. Nothing is
// written; without an answer the next call asks again.
net::Awaitable<void> RefreshSearches(ImapContext& context);

// RFC 5182 2.1, 2.4, RFC 9394 3.2: keeps what "$" will mean, if SAVE asks for it.
void SaveResult(ImapContext& context, const imap::Search& search,
                const std::vector<uint32_t>& uids);

}  // namespace pennypost::access
