#pragma once
// Searches whose results a client keeps, and what it has to hear when they change: RETURN (UPDATE)
// of SEARCH and SORT (RFC 5267 4.3).
//
// The owner asks the store what of the changed messages matches now (SetMatches); messages that
// left the mailbox are seen in the view. Nothing is written before TakeRemovals and TakeAdditions,
// which stand around the reports of the view: an expunged message has its number still, a new one
// has it already.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "imap/command.h"
#include "imap/mailbox_view.h"

namespace pennypost::imap {

struct UpdatedSearch {
  std::string tag;
  Numbers numbers = Numbers::kSequence;
  SearchKey key;                          // names messages by UID only
  std::vector<SortKey> order;             // of SORT; empty: the order of the mailbox
  std::vector<uint32_t> told;             // UIDs of the result as the client has it, in its order
  std::vector<uint32_t> now;              // and as it is
  std::vector<FetchItem> new_items = {};  // what to send of new messages in it (RFC 5465 7)
};

class SearchUpdates {
 public:
  // RFC 5267 4.3.1: one is always kept, more as far as they cost little.
  bool HasRoom(size_t results) const;
  bool Has(std::string_view tag) const;
  void Add(UpdatedSearch search, const MailboxView& view);
  void Cancel(std::string_view tag);

  bool empty() const { return searches_.empty(); }
  const std::vector<UpdatedSearch>& searches() const { return searches_; }

  // UIDs of messages that are new or changed since all results were right.
  std::vector<uint32_t> ChangedIn(const MailboxView& view) const;
  // The whole result of a search, in its order.
  void SetMatches(size_t search, std::vector<uint32_t> uids);
  // All results are right for what the view knows now.
  void Settle(const MailboxView& view) { right_at_ = view.info().highest_modseq; }

  // ESEARCH responses with REMOVEFROM, before EXPUNGE; with ADDTO, behind EXISTS (RFC 5267 4.3.3).
  std::string TakeRemovals(const MailboxView& view);
  std::string TakeAdditions(const MailboxView& view);

 private:
  std::vector<UpdatedSearch> searches_;
  uint64_t right_at_ = 0;  // MODSEQ
};

}  // namespace pennypost::imap
