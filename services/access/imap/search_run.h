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

// RFC 5182 2.1, 2.4, RFC 9394 3.2: keeps what "$" will mean, if SAVE asks for it.
void SaveResult(ImapContext& context, const imap::Search& search,
                const std::vector<uint32_t>& uids);

}  // namespace pennypost::access
