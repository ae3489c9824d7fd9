// The search index in memory.

#include "services/mailbox/store/memory_store.h"

namespace pennypost::mailbox {

std::multimap<uint64_t, MemoryStore::Email*> MemoryStore::Account::Unindexed() {
  std::multimap<uint64_t, Email*> waiting;
  std::set<const Email*> seen;
  for (auto& [name, folder] : folders) {
    for (auto& [uid, message] : folder.messages) {
      if (message.email->signatures.empty() && seen.insert(message.email.get()).second)
        waiting.emplace(message.row.modseq, message.email.get());
    }
  }
  return waiting;
}

std::map<std::string, MemoryStore::Email*> MemoryStore::Account::EmailsById() {
  std::map<std::string, Email*> emails;
  for (auto& [name, folder] : folders) {
    for (auto& [uid, message] : folder.messages)
      emails[message.email->email_id] = message.email.get();
  }
  return emails;
}

absl::StatusOr<std::vector<uint32_t>> MemoryStore::MayHold(int64_t account_id, int64_t mailbox_id,
                                                           size_t,
                                                           const std::vector<search::Gram>& grams) {
  std::lock_guard lock(mutex_);
  std::vector<uint32_t> uids;
  Folder* folder = Get(account_id).ById(mailbox_id);
  if (folder == nullptr) return uids;
  for (const auto& [uid, message] : folder->messages) {
    const auto& signatures = message.email->signatures;
    bool may_hold = signatures.empty() ||
                    std::any_of(signatures.begin(), signatures.end(),
                                [&grams](const auto& one) { return search::MayHold(one, grams); });
    if (may_hold) uids.push_back(uid);
  }
  return uids;
}

absl::StatusOr<std::optional<IndexTurn>> MemoryStore::StartIndexing(int64_t account_id,
                                                                    size_t limit) {
  std::lock_guard lock(mutex_);
  auto account = accounts_.find(account_id);
  if (account == accounts_.end() || account->second.indexing) return std::nullopt;
  account->second.indexing = true;
  IndexTurn turn;
  turn.turn = ++account->second.index_turn;
  turn.upto = account->second.modseq;
  for (const auto& [modseq, email] : account->second.Unindexed()) {
    turn.more = turn.emails.size() == limit;
    if (turn.more) break;
    turn.emails.push_back(
        {Uuid::FromString(email->email_id).value_or(Uuid{}), email->content.size()});
  }
  return turn;
}

absl::StatusOr<std::vector<EmailContent>> MemoryStore::LoadEmails(int64_t account_id,
                                                                  const std::vector<Uuid>& emails) {
  std::lock_guard lock(mutex_);
  std::vector<EmailContent> out;
  auto there = Get(account_id).EmailsById();
  for (const Uuid& id : emails) {
    auto email = there.find(id.ToString());
    if (email == there.end()) continue;
    const std::string& content = email->second->content;
    bool intact = Sha256(content) == email->second->sha256;
    out.push_back({id, intact ? std::optional<std::string>(content) : std::nullopt});
  }
  return out;
}

absl::Status MemoryStore::PutSignatures(int64_t account_id,
                                        const std::vector<EmailSignatures>& emails) {
  std::lock_guard lock(mutex_);
  auto there = Get(account_id).EmailsById();
  for (const EmailSignatures& put : emails) {
    auto email = there.find(put.email_id.ToString());
    if (email != there.end()) email->second->signatures = put.signatures;
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::FinishIndexing(int64_t account_id, const IndexTurn& turn, bool) {
  std::lock_guard lock(mutex_);
  Account& account = Get(account_id);
  if (account.index_turn == turn.turn) account.indexing = false;
  return absl::OkStatus();
}

absl::StatusOr<UnindexedStep> MemoryStore::FindUnindexed(int64_t after, size_t limit) {
  std::lock_guard lock(mutex_);
  UnindexedStep step;
  step.last = after;
  size_t looked_at = 0;
  auto account = accounts_.upper_bound(after);
  for (; account != accounts_.end() && looked_at < limit; ++account, ++looked_at) {
    step.last = account->first;
    size_t waiting = account->second.Unindexed().size();
    if (waiting > 0) step.accounts.push_back({step.last, waiting});
  }
  step.at_end = account == accounts_.end();
  return step;
}

absl::Status MemoryStore::ForgetSignatures(int64_t account_id) {
  std::lock_guard lock(mutex_);
  Account& account = Get(account_id);
  for (auto& [id, email] : account.EmailsById()) email->signatures.clear();
  ++account.index_turn;
  account.indexing = false;
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
