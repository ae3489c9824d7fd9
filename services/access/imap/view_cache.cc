#include "services/access/imap/view_cache.h"

namespace pennypost::access {
namespace {
// Names, nodes and sets of flags, roughly.
constexpr size_t kOverhead = 1024;
}  // namespace

std::optional<imap::MailboxView> ViewCache::Find(int64_t account_id, const std::string& name) {
  std::lock_guard lock(mutex_);
  auto found = places_.find({account_id, name});
  if (found == places_.end()) return std::nullopt;
  kept_.splice(kept_.begin(), kept_, found->second);
  return kept_.front().view;
}

void ViewCache::Put(int64_t account_id, const std::string& name, const imap::MailboxView& view) {
  size_t bytes = view.Bytes() + kOverhead;
  std::lock_guard lock(mutex_);
  Key key{account_id, name};
  auto found = places_.find(key);
  if (found != places_.end()) Drop(found->second);
  if (bytes > max_bytes_) return;
  kept_.push_front({key, view, bytes});
  places_[std::move(key)] = kept_.begin();
  bytes_ += bytes;
  while (bytes_ > max_bytes_) Drop(std::prev(kept_.end()));
}

void ViewCache::Drop(std::list<Kept>::iterator kept) {
  bytes_ -= kept->bytes;
  places_.erase(kept->key);
  kept_.erase(kept);
}

}  // namespace pennypost::access
