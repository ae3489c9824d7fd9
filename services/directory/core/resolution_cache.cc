#include "services/directory/core/resolution_cache.h"

namespace pennypost::directory {

std::optional<Resolution> ResolutionCache::Find(std::string_view address) {
  std::lock_guard lock(mutex_);
  auto it = entries_.find(address);
  if (it == entries_.end()) return std::nullopt;
  if (it->second.until < clock_.Now()) {
    entries_.erase(it);
    return std::nullopt;
  }
  return it->second.resolution;
}

void ResolutionCache::Put(const std::string& address, const Resolution& resolution) {
  if (!resolution.for_all) return;
  std::lock_guard lock(mutex_);
  // Entries live for seconds: starting over is cheaper than keeping an order.
  if (entries_.size() >= capacity_) entries_.clear();
  entries_[address] = {resolution, clock_.Now() + life_};
}

void ResolutionCache::Clear() {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

}  // namespace pennypost::directory
