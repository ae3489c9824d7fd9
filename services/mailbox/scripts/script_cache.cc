#include "services/mailbox/scripts/script_cache.h"

namespace pennypost::mailbox {

bool ScriptCache::Knows(int64_t account_id) const {
  std::lock_guard lock(mutex_);
  return entries_.contains(account_id);
}

std::optional<CompiledScript> ScriptCache::Find(int64_t account_id) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(account_id);
  if (found == entries_.end()) return std::nullopt;
  return found->second.compiled;
}

absl::StatusOr<CompiledScript> ScriptCache::Load(int64_t account_id) {
  ASSIGN_OR_RETURN(ActiveScript active, store_.GetActiveScript(account_id));
  std::optional<CompiledScript> known = Find(account_id);
  if (known && known->generation == active.generation) return *known;
  CompiledScript compiled{active.generation, active.name, nullptr};
  if (active.generation != 0)
    compiled.script = std::make_shared<sieve::Script>(sieve::Compile(active.content));
  std::lock_guard lock(mutex_);
  if (auto old = entries_.find(account_id); old != entries_.end()) {
    bytes_ -= old->second.bytes;
    entries_.erase(old);
  }
  if (active.generation == 0) return compiled;
  if (bytes_ + active.content.size() > max_bytes_) {
    entries_.clear();
    bytes_ = 0;
  }
  bytes_ += active.content.size();
  entries_[account_id] = {compiled, active.content.size()};
  return compiled;
}

}  // namespace pennypost::mailbox
