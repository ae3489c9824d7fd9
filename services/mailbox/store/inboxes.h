#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

namespace pennypost::mailbox {

// Which mailbox INBOX is: 1, but for accounts whose INBOX was renumbered. Thread-safe.
class Inboxes {
 public:
  int64_t Of(int64_t account_id) const {
    if (!any_) return 1;
    std::lock_guard lock(mutex_);
    auto found = others_.find(account_id);
    return found == others_.end() ? 1 : found->second;
  }
  void Learn(int64_t account_id, int64_t mailbox_id) {
    std::lock_guard lock(mutex_);
    others_[account_id] = mailbox_id;
    any_ = true;
  }

 private:
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::map<int64_t, int64_t> others_;
};

}  // namespace pennypost::mailbox
