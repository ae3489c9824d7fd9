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
  entries_[account_id] = {compiled, active.content.size(), 0};
  return compiled;
}

int ScriptCache::NoteOverBudget(int64_t account_id, uint64_t generation) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(account_id);
  if (found == entries_.end() || found->second.compiled.generation != generation) return 0;
  return ++found->second.over_budget;
}

const DomainScript* CompiledDomains::Find(std::string_view domain, std::string_view name) const {
  auto of_domain = domains.find(domain);
  if (of_domain == domains.end()) return nullptr;
  auto found = of_domain->second.find(name);
  return found == of_domain->second.end() ? nullptr : &found->second;
}

std::shared_ptr<const CompiledDomains> ScriptCache::Domains() const {
  std::lock_guard lock(mutex_);
  return domains_;
}

absl::StatusOr<std::shared_ptr<const CompiledDomains>> ScriptCache::LoadDomains() {
  std::shared_ptr<const CompiledDomains> known = Domains();
  ASSIGN_OR_RETURN(DomainScripts stored, store_.LoadDomainScripts(known->generation));
  if (stored.generation == known->generation) return known;
  auto compiled = std::make_shared<CompiledDomains>();
  compiled->generation = stored.generation;
  for (DomainScripts::Script& script : stored.scripts) {
    auto parsed = std::make_shared<sieve::Script>(sieve::Compile(script.content));
    compiled->domains[script.domain][script.name] = {std::move(script.content), std::move(parsed)};
  }
  std::lock_guard lock(mutex_);
  domains_ = compiled;
  return domains_;
}

}  // namespace pennypost::mailbox
