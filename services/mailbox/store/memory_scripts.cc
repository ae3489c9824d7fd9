// Sieve scripts in memory.

#include <absl/time/clock.h>

#include "services/mailbox/core/scripts.h"
#include "services/mailbox/store/memory_store.h"

namespace pennypost::mailbox {
namespace {

absl::Status NoSuchScript() {
  return NotFoundError("there is no script of that name");
}

}  // namespace

void MemoryStore::Account::ScriptsChanged() {
  ++modseq;
  sieve_generation = 0;
  for (const auto& [name, script] : scripts) {
    if (script.active) sieve_generation = modseq;
  }
}

absl::Status MemoryStore::RoomFor(const std::map<std::string, Script>& scripts,
                                  const std::string& name, uint64_t size) {
  uint64_t count = 0, bytes = 0;
  for (const auto& [other, script] : scripts) {
    if (other == name) continue;
    ++count;
    bytes += script.content.size();
  }
  return mailbox::CheckScriptRoom(count, bytes, size);
}

void MemoryStore::Describe(const std::string& name, const Script& script, v1::Script* out) {
  out->set_name(name);
  out->set_size_bytes(script.content.size());
  out->set_active(script.active);
  out->set_modseq(script.modseq);
  out->mutable_updated_at()->set_seconds(absl::ToUnixSeconds(script.updated_at));
}

absl::Status MemoryStore::ListScripts(int64_t account_id, v1::ListScriptsResponse* response) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, script] : Get(account_id).scripts) {
    Describe(name, script, response->add_scripts());
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::GetScript(const v1::GetScriptRequest& request,
                                    v1::GetScriptResponse* response) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  auto script = account.scripts.find(request.name());
  if (script == account.scripts.end()) return NoSuchScript();
  Describe(script->first, script->second, response->mutable_script());
  response->set_content(script->second.content);
  return absl::OkStatus();
}

absl::StatusOr<ActiveScript> MemoryStore::GetActiveScript(int64_t account_id) {
  std::lock_guard lock(mutex_);
  Account& account = Get(account_id);
  for (const auto& [name, script] : account.scripts) {
    if (script.active) return ActiveScript{account.sieve_generation, name, script.content};
  }
  return ActiveScript{};
}

absl::Status MemoryStore::CheckScriptRoom(const v1::CheckScriptRoomRequest& request) {
  std::lock_guard lock(mutex_);
  return RoomFor(Get(request.account_id()).scripts, request.name(), request.size_bytes());
}

absl::Status MemoryStore::PutScript(const v1::PutScriptRequest& request) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  RETURN_IF_ERROR(RoomFor(account.scripts, request.name(), request.content().size()));
  Script& script = account.scripts[request.name()];
  script.content = request.content();
  script.updated_at = absl::Now();
  account.ScriptsChanged();
  script.modseq = account.modseq;
  return absl::OkStatus();
}

absl::Status MemoryStore::SetActiveScript(const v1::SetActiveScriptRequest& request) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  if (!request.name().empty() && !account.scripts.contains(request.name())) return NoSuchScript();
  for (auto& [name, script] : account.scripts) {
    bool active = name == request.name();
    if (active || script.active) script.modseq = account.modseq + 1;
    script.active = active;
  }
  account.ScriptsChanged();
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteScript(const v1::DeleteScriptRequest& request) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  auto script = account.scripts.find(request.name());
  if (script == account.scripts.end()) return NoSuchScript();
  if (script->second.active) return ScriptIsActive();
  account.scripts.erase(script);
  account.ScriptsChanged();
  return absl::OkStatus();
}

absl::Status MemoryStore::RenameScript(const v1::RenameScriptRequest& request) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  if (!account.scripts.contains(request.from())) return NoSuchScript();
  if (request.to() == request.from()) return absl::OkStatus();
  if (account.scripts.contains(request.to()))
    return ExistsError("there is a script of that name already");
  auto node = account.scripts.extract(request.from());
  node.key() = request.to();
  node.mapped().modseq = account.modseq + 1;
  account.scripts.insert(std::move(node));
  account.ScriptsChanged();
  return absl::OkStatus();
}

absl::Status MemoryStore::ListDomainScripts(const std::string& domain,
                                            v1::ListScriptsResponse* response) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, script] : domain_scripts_[domain])
    Describe(name, script, response->add_scripts());
  return absl::OkStatus();
}

absl::Status MemoryStore::GetDomainScript(const v1::GetScriptRequest& request,
                                          v1::GetScriptResponse* response) {
  std::lock_guard lock(mutex_);
  auto& scripts = domain_scripts_[request.domain()];
  auto script = scripts.find(request.name());
  if (script == scripts.end()) return NoSuchScript();
  Describe(script->first, script->second, response->mutable_script());
  response->set_content(script->second.content);
  return absl::OkStatus();
}

absl::Status MemoryStore::PutDomainScript(const v1::PutScriptRequest& request) {
  std::lock_guard lock(mutex_);
  auto& scripts = domain_scripts_[request.domain()];
  RETURN_IF_ERROR(RoomFor(scripts, request.name(), request.content().size()));
  scripts[request.name()] = {request.content(), false, 0, absl::Now()};
  ++domain_generation_;
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteDomainScript(const v1::DeleteScriptRequest& request) {
  std::lock_guard lock(mutex_);
  if (domain_scripts_[request.domain()].erase(request.name()) == 0) return NoSuchScript();
  ++domain_generation_;
  return absl::OkStatus();
}

absl::StatusOr<DomainScripts> MemoryStore::LoadDomainScripts(uint64_t known) {
  std::lock_guard lock(mutex_);
  DomainScripts all{domain_generation_, {}};
  if (known == domain_generation_) return all;
  for (const auto& [domain, scripts] : domain_scripts_) {
    for (const auto& [name, script] : scripts)
      all.scripts.push_back({domain, name, script.content});
  }
  return all;
}

bool MemoryStore::IsStale(const Account& account, const Delivery& delivery,
                          const Delivery::Recipient& recipient) const {
  uint64_t ran = recipient.script ? recipient.script->generation : 0;
  if (delivery.runs_scripts &&
      (account.sieve_generation != ran || domain_generation_ != delivery.domain_generation)) {
    return true;
  }
  if (!recipient.script) return false;
  for (const auto& entry : recipient.script->remembered) {
    auto found = account.remembered.find(entry.id);
    bool there = found != account.remembered.end() && found->second > absl::Now();
    if (entry.must_be_new && there) return true;
  }
  return false;
}

void MemoryStore::KeepOutcome(const Delivery::Recipient& recipient) {
  if (!recipient.script) return;
  Account& account = Get(recipient.account_id);
  for (const auto& entry : recipient.script->remembered)
    account.remembered[entry.id] = entry.expires;
  for (const auto& outgoing : recipient.script->outgoing)
    account.outbox[outgoing.id] = {recipient.account_id, outgoing.id, outgoing.request, 0};
}

absl::StatusOr<bool> MemoryStore::IsRemembered(int64_t account_id, const std::string& id) {
  std::lock_guard lock(mutex_);
  Account& account = Get(account_id);
  auto found = account.remembered.find(id);
  return found != account.remembered.end() && found->second > absl::Now();
}

absl::StatusOr<std::vector<OutboxItem>> MemoryStore::ClaimOutbox(size_t limit) {
  std::lock_guard lock(mutex_);
  std::vector<OutboxItem> due;
  for (auto& [account_id, account] : accounts_) {
    for (auto& [id, item] : account.outbox) {
      // Once at a time: what was claimed is due again when the store is made anew.
      if (due.size() == limit || item.attempts > 0) continue;
      ++item.attempts;
      due.push_back(item);
    }
  }
  return due;
}

absl::Status MemoryStore::FinishOutbox(const OutboxItem& item) {
  std::lock_guard lock(mutex_);
  Get(item.account_id).outbox.erase(item.id);
  return absl::OkStatus();
}

absl::Status MemoryStore::PruneRemembered() {
  std::lock_guard lock(mutex_);
  for (auto& [id, account] : accounts_) {
    std::erase_if(account.remembered,
                  [](const auto& entry) { return entry.second <= absl::Now(); });
  }
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
