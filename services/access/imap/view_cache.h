#pragma once
// Mailboxes as they were when somebody opened them last: SELECT of one that has not changed since
// asks the store for its MODSEQ only, and sessions on the same mailbox share its messages.
//
// A view from here may be old in any way, its mailbox may be gone or have another name: whoever
// takes one brings it up to the store before a client sees it.

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "imap/mailbox_view.h"

namespace pennypost::access {

// Thread-safe.
class ViewCache {
 public:
  // The views not used for longest go when all together take more than `max_bytes`; 0 keeps none.
  // With all views of the process, those that sessions have open too, it is room for `most`.
  explicit ViewCache(size_t max_bytes, size_t most = SIZE_MAX)
      : max_bytes_(max_bytes), most_(most) {}

  // Whether another mailbox may be opened that nobody has open.
  bool HasRoom() const { return imap::MailboxView::BytesOfAll() <= most_; }

  // `name` as the client said it.
  std::optional<imap::MailboxView> Find(int64_t account_id, const std::string& name);
  // A settled view.
  void Put(int64_t account_id, const std::string& name, const imap::MailboxView& view);

 private:
  using Key = std::pair<int64_t, std::string>;
  struct Kept {
    Key key;
    imap::MailboxView view;
    size_t bytes = 0;
  };

  void Drop(std::list<Kept>::iterator kept);  // with the lock held

  const size_t max_bytes_, most_;
  std::mutex mutex_;
  std::list<Kept> kept_;  // used last first
  std::map<Key, std::list<Kept>::iterator> places_;
  size_t bytes_ = 0;
};

}  // namespace pennypost::access
