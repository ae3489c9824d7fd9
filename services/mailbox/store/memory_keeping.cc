// What the store keeps, in memory: deleted messages, retention, checksums.

#include <absl/time/clock.h>

#include "rpc/timestamp.h"
#include "services/mailbox/core/deleted.h"
#include "services/mailbox/core/flags.h"
#include "services/mailbox/store/memory_store.h"

namespace pennypost::mailbox {
absl::Status MemoryStore::ListDeleted(const v1::ListDeletedRequest& request,
                                      v1::ListDeletedResponse* response) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  std::vector<std::pair<GoneKey, const Gone*>> found;
  for (const auto& [key, gone] : account.gone) {
    if (gone.message.email == nullptr) continue;
    if (request.has_since() && gone.at < rpc::TimeOf(request.since())) continue;
    if (!request.mailbox().empty() && account.NameOf(std::get<0>(key)) != request.mailbox())
      continue;
    found.emplace_back(key, &gone);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.second->at > b.second->at; });
  int limit =
      request.limit() <= 0 || request.limit() > kMostDeleted ? kMostDeleted : request.limit();
  if (found.size() > static_cast<size_t>(limit)) found.resize(static_cast<size_t>(limit));
  for (const auto& [key, gone] : found) {
    const auto& [mailbox, modseq, uid] = key;
    auto* message = response->add_messages();
    message->set_id(DeletedId{mailbox, modseq, uid}.ToString());
    message->set_mailbox(account.NameOf(mailbox));
    message->set_uid(uid);
    rpc::SetTime(gone->at, message->mutable_deleted_at());
    rpc::SetTime(gone->message.row.internal_date, message->mutable_internal_date());
    for (std::string& flag : SplitFlags(gone->message.row.flags))
      message->add_flags(std::move(flag));
    message->set_size_bytes(gone->message.row.size);
    message->set_email_id(gone->message.email->email_id);
    DescribeContent(gone->message.email->structure, message);
  }
  return absl::OkStatus();
}

std::vector<MemoryStore::GoneKey> MemoryStore::Account::FindGone(
    const v1::RestoreDeletedRequest& request, v1::RestoreDeletedResponse* response) const {
  std::vector<GoneKey> keys;
  if (!request.ids().empty()) {
    std::set<GoneKey> taken;
    for (const std::string& text : request.ids()) {
      auto id = ParseDeletedId(text);
      GoneKey key{id->mailbox_id, id->modseq, id->uid};
      auto at = gone.find(key);
      if (at == gone.end() || at->second.message.email == nullptr) {
        response->add_missing(text);
      } else if (taken.insert(key).second) {
        keys.push_back(key);
      }
    }
    return keys;
  }
  for (const auto& [key, one] : gone) {
    if (one.message.email == nullptr) continue;
    if (request.has_since() && one.at < rpc::TimeOf(request.since())) continue;
    if (!request.mailbox().empty() && NameOf(std::get<0>(key)) != request.mailbox()) continue;
    keys.push_back(key);
  }
  response->set_more(keys.size() > kMostDeleted);
  if (response->more()) keys.resize(kMostDeleted);
  return keys;
}

absl::Status MemoryStore::RestoreDeleted(const v1::RestoreDeletedRequest& request,
                                         v1::RestoreDeletedResponse* response) {
  for (const std::string& id : request.ids()) RETURN_IF_ERROR(ParseDeletedId(id).status());
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  std::vector<GoneKey> keys = account.FindGone(request, response);
  std::sort(keys.begin(), keys.end(), [](const GoneKey& a, const GoneKey& b) {
    return std::tie(std::get<0>(a), std::get<2>(a)) < std::tie(std::get<0>(b), std::get<2>(b));
  });
  uint64_t modseq = ++account.modseq;
  for (const GoneKey& key : keys) {
    const auto& [mailbox, old_modseq, old_uid] = key;
    std::string name = request.into().empty() ? account.NameOf(mailbox) : request.into();
    if (!account.folders.contains(name)) {
      account.MakeParents(name);
      account.Make(name, "");
    }
    Folder& folder = account.folders[name];
    Message message = std::move(account.gone[key].message);
    account.gone[key].message = {};
    message.row.flags = RemoveFlags(message.row.flags, "\\Deleted");
    message.saved = absl::Now();
    message.row.uid = folder.uid_next++;
    message.row.modseq = folder.highest_modseq = modseq;
    auto* restored = response->add_restored();
    restored->set_id(DeletedId{mailbox, old_modseq, old_uid}.ToString());
    restored->set_mailbox(name);
    restored->set_uid(message.row.uid);
    Uuid mail = Uuid::FromString(message.email->email_id).value_or(Uuid{});
    auto delivered = delivered_.find({mail, request.account_id()});
    if (delivered != delivered_.end()) {
      delivered->second.events +=
          RestoredEvent(message.email->email_id, name, message.row.uid, request.actor());
    }
    folder.messages[message.row.uid] = std::move(message);
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> MemoryStore::ExpireDeleted(absl::Duration age, size_t limit) {
  std::lock_guard lock(mutex_);
  size_t taken = 0;
  for (auto& [id, account] : accounts_) {
    for (auto& [key, gone] : account.gone) {
      if (gone.message.email == nullptr || gone.at > absl::Now() - age || taken == limit) continue;
      gone.message = {};
      ++taken;
    }
  }
  return taken;
}

absl::StatusOr<size_t> MemoryStore::TrimVanished(absl::Duration age, size_t limit) {
  std::lock_guard lock(mutex_);
  size_t taken = 0;
  for (auto& [id, account] : accounts_) {
    for (auto at = account.gone.begin(); at != account.gone.end();) {
      const auto& [mailbox, modseq, uid] = at->first;
      if (at->second.message.email != nullptr || at->second.at > absl::Now() - age ||
          taken == limit) {
        ++at;
        continue;
      }
      if (Folder* folder = account.ById(mailbox))
        folder->vanished_floor = std::max(folder->vanished_floor, modseq);
      at = account.gone.erase(at);
      ++taken;
    }
  }
  return taken;
}

// Contents here go with the last message that has them.
absl::StatusOr<size_t> MemoryStore::CollectContents(absl::Duration, size_t) {
  return size_t{0};
}

absl::StatusOr<RetainStep> MemoryStore::Retain(const std::string& special_use, absl::Duration age,
                                               MailboxPlace after, size_t limit) {
  std::lock_guard lock(mutex_);
  RetainStep step{after, /*at_end=*/true, {}, 0};
  for (auto& [id, account] : accounts_) {
    std::map<int64_t, Folder*> folders;
    for (auto& [name, folder] : account.folders) folders[folder.id] = &folder;
    for (auto& [folder_id, folder] : folders) {
      MailboxPlace place{id, folder_id};
      if (place <= after || folder->special_use != special_use) continue;
      if (step.messages >= limit) {
        step.at_end = false;
        return step;
      }
      step.last = place;
      size_t before = step.messages;
      uint64_t modseq = account.modseq + 1;
      for (auto at = folder->messages.begin(); at != folder->messages.end();) {
        if (at->second.saved > absl::Now() - age) {
          ++at;
          continue;
        }
        folder->highest_modseq = account.modseq = modseq;
        account.gone[{folder_id, modseq, at->first}] = {absl::Now(), std::move(at->second)};
        at = folder->messages.erase(at);
        ++step.messages;
      }
      if (step.messages > before) step.accounts.push_back(id);
    }
  }
  return step;
}

std::vector<MemoryStore::Email*> MemoryStore::Emails() {
  std::vector<Email*> emails;
  for (auto& [id, account] : accounts_) {
    for (auto& [name, folder] : account.folders) {
      for (auto& [uid, message] : folder.messages) emails.push_back(message.email.get());
    }
    for (auto& [key, gone] : account.gone) {
      if (gone.message.email != nullptr) emails.push_back(gone.message.email.get());
    }
  }
  std::sort(emails.begin(), emails.end());
  emails.erase(std::unique(emails.begin(), emails.end()), emails.end());
  return emails;
}

// A round is one step here.
absl::StatusOr<ScrubStep> MemoryStore::Scrub(const ScrubPace& pace) {
  std::lock_guard lock(mutex_);
  ScrubStep step;
  if (absl::Now() < next_scrub_) return step;
  next_scrub_ = absl::Now() + pace.round;
  scrub_.clear_corrupt();
  rpc::SetTime(absl::Now(), scrub_.mutable_started_at());
  for (const Email* email : Emails()) {
    ++step.contents;
    step.bytes += email->content.size();
    if (Sha256(email->content) == email->sha256) continue;
    auto* corrupt = scrub_.add_corrupt();
    corrupt->set_email_id(email->email_id);
    rpc::SetTime(absl::Now(), corrupt->mutable_found_at());
    step.corrupt.push_back(Uuid::FromString(email->email_id).value_or(Uuid{}));
  }
  scrub_.set_contents(step.contents);
  scrub_.set_bytes(step.bytes);
  rpc::SetTime(absl::Now(), scrub_.mutable_finished_at());
  return step;
}

absl::Status MemoryStore::GetScrub(v1::GetScrubResponse* response) {
  std::lock_guard lock(mutex_);
  *response = scrub_;
  return absl::OkStatus();
}

absl::Status MemoryStore::StartScrub() {
  std::lock_guard lock(mutex_);
  next_scrub_ = absl::InfinitePast();
  return absl::OkStatus();
}

void MemoryStore::CorruptForTest(const std::string& email_id) {
  std::lock_guard lock(mutex_);
  for (Email* email : Emails()) {
    if (email->email_id == email_id) email->content.back() ^= 1;
  }
}

}  // namespace pennypost::mailbox
