#include "services/mailbox/store/memory_store.h"

#include <absl/time/clock.h>

#include "services/mailbox/core/flags.h"
#include "services/mailbox/core/names.h"

namespace pennypost::mailbox {
namespace {

absl::Status NoSuchMailbox() {
  return NotFoundError("no such mailbox");
}

absl::Status OverQuota() {
  return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota, "the mailbox is full");
}

bool IsBelow(const std::string& name, const std::string& parent) {
  return name.starts_with(parent + "/");
}

// `name` with `from` at its start replaced.
std::string Renamed(const std::string& name, const std::string& from, const std::string& to) {
  return to + name.substr(from.size());
}

}  // namespace

int64_t MemoryStore::Account::UsedBytes() const {
  int64_t used = 0;
  for (const auto& [name, folder] : folders) {
    for (const auto& [uid, message] : folder.messages)
      used += static_cast<int64_t>(message.row.size);
  }
  return used;
}

MemoryStore::Folder& MemoryStore::Account::Make(const std::string& name,
                                                const std::string& special_use) {
  Folder& folder = folders[name];
  folder.id = next_mailbox_id++;
  folder.special_use = special_use;
  folder.uid_validity = next_uid_validity++;
  folder.highest_modseq = modseq;
  auto parent = folders.find(ParentOf(name));
  if (parent != folders.end()) folder.grants = parent->second.grants;
  return folder;
}

void MemoryStore::Account::MakeParents(const std::string& name) {
  std::string parent = ParentOf(name);
  if (parent.empty() || folders.contains(parent)) return;
  MakeParents(parent);
  Make(parent, "");
}

MemoryStore::Folder* MemoryStore::Account::ById(int64_t id) {
  for (auto& [name, folder] : folders) {
    if (folder.id == id) return &folder;
  }
  return nullptr;
}

std::string MemoryStore::Account::NameOf(int64_t id) const {
  for (const auto& [name, folder] : folders) {
    if (folder.id == id) return name;
  }
  auto deleted = deleted_folders.find(id);
  return deleted == deleted_folders.end() ? "" : deleted->second;
}

MemoryStore::Account& MemoryStore::Get(int64_t account_id) {
  auto [it, is_new] = accounts_.try_emplace(account_id);
  if (is_new) {
    for (const char* name : {"INBOX", "Drafts", "Sent", "Archive", "Junk", "Trash"}) {
      it->second.Make(name, std::string(name) == "INBOX" ? "" : std::string("\\") + name);
      it->second.subscriptions.insert(name);
    }
  }
  return it->second;
}

void MemoryStore::Describe(const Account& account, const std::string& name, const Folder& folder,
                           v1::Mailbox* mailbox) {
  mailbox->set_id(folder.id);
  mailbox->set_name(name);
  mailbox->set_uid_validity(folder.uid_validity);
  mailbox->set_uid_next(folder.uid_next);
  mailbox->set_highest_modseq(folder.highest_modseq);
  mailbox->set_messages(static_cast<uint32_t>(folder.messages.size()));
  mailbox->set_special_use(folder.special_use);
  mailbox->set_subscribed(account.subscriptions.contains(name));
  uint32_t unseen = 0, deleted = 0;
  uint64_t bytes = 0;
  for (const auto& [uid, message] : folder.messages) {
    unseen += HasFlag(message.row.flags, "\\Seen") ? 0 : 1;
    deleted += HasFlag(message.row.flags, "\\Deleted") ? 1 : 0;
    bytes += message.row.size;
  }
  mailbox->set_unseen(unseen);
  mailbox->set_deleted(deleted);
  mailbox->set_size_bytes(bytes);
}

std::vector<ScriptOutcome::Copy> MemoryStore::CopiesOf(const Delivery::Recipient& recipient) {
  if (recipient.script) return recipient.script->copies;
  return {{recipient.mailbox, recipient.flags}};
}

absl::Status MemoryStore::Check(Delivery& delivery) {
  for (const auto& recipient : delivery.recipients) {
    Account& account = Get(recipient.account_id);
    if (delivery.mailbox_must_exist && !account.folders.contains(recipient.mailbox))
      return NoSuchMailbox();
    if (delivered_.contains({delivery.mail_id, recipient.account_id})) continue;
    if (IsStale(account, delivery, recipient)) {
      delivery.stale = true;
      return absl::AbortedError("scripts changed meanwhile");
    }
    auto size = static_cast<int64_t>(delivery.email.content.size());
    auto copies = static_cast<int64_t>(CopiesOf(recipient).size());
    if (recipient.quota_bytes > 0 && account.UsedBytes() + copies * size > recipient.quota_bytes)
      return OverQuota();
  }
  return absl::OkStatus();
}

void MemoryStore::StoreOne(Delivery& delivery) {
  delivery.results.assign(delivery.recipients.size(), {});
  // All or none: look first.
  delivery.status = Check(delivery);
  if (!delivery.status.ok()) return;
  for (size_t i = 0; i < delivery.recipients.size(); ++i) {
    const auto& recipient = delivery.recipients[i];
    auto known = delivered_.find({delivery.mail_id, recipient.account_id});
    if (known != delivered_.end()) {
      delivery.results[i] = known->second.result;
      delivery.results[i].duplicate = true;
      continue;
    }
    delivery.results[i] = StoreCopies(delivery, recipient);
    KeepOutcome(recipient);
    delivered_[{delivery.mail_id, recipient.account_id}] = {
        delivery.results[i], delivery.sender, recipient.address, absl::Now(),
        recipient.script ? recipient.script->events : ""};
  }
}

Delivery::Result MemoryStore::StoreCopies(const Delivery& delivery,
                                          const Delivery::Recipient& recipient) {
  const PreparedEmail& prepared = recipient.script && recipient.script->changed
                                      ? recipient.script->changed->email
                                      : delivery.email;
  auto email = std::make_shared<Email>(Email{std::string(prepared.content),
                                             prepared.structure,
                                             prepared.sha256,
                                             prepared.header_size,
                                             delivery.mail_id.ToString(),
                                             prepared.thread_id.ToString(),
                                             {}});
  Delivery::Result first;
  for (const ScriptOutcome::Copy& copy : CopiesOf(recipient)) {
    Account& account = Get(recipient.account_id);
    bool exists = account.folders.contains(copy.mailbox);
    Folder& folder = account.folders[exists ? copy.mailbox : "INBOX"];
    uint32_t uid = folder.uid_next++;
    folder.highest_modseq = ++account.modseq;
    folder.messages[uid] = {
        {uid, account.modseq, prepared.content.size(), delivery.internal_date, copy.flags}, email};
    if (first.uid == 0) first = {folder.id, uid, folder.uid_validity, false};
  }
  return first;
}

void MemoryStore::StoreBatch(const std::vector<Delivery*>& batch) {
  std::lock_guard lock(mutex_);
  for (Delivery* delivery : batch) StoreOne(*delivery);
}

absl::StatusOr<std::vector<bool>> MemoryStore::FindStored(int64_t account_id,
                                                          const std::vector<Uuid>& ids) {
  std::lock_guard lock(mutex_);
  std::vector<bool> stored;
  for (const Uuid& id : ids) stored.push_back(delivered_.contains({id, account_id}));
  return stored;
}

absl::Status MemoryStore::StoreTogether(const std::vector<Delivery*>& batch) {
  std::lock_guard lock(mutex_);
  auto accounts = accounts_;
  auto delivered = delivered_;
  for (Delivery* delivery : batch) {
    StoreOne(*delivery);
    if (delivery->status.ok()) continue;
    accounts_ = std::move(accounts);
    delivered_ = std::move(delivered);
    return delivery->status;
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::EnsureAccount(int64_t account_id) {
  std::lock_guard lock(mutex_);
  Get(account_id);
  return absl::OkStatus();
}

absl::Status MemoryStore::CheckQuota(const v1::CheckQuotaRequest& request) {
  std::lock_guard lock(mutex_);
  if (request.quota_bytes() <= 0) return absl::OkStatus();
  int64_t used = Get(request.account_id()).UsedBytes();
  return used + std::max<int64_t>(request.size(), 1) > request.quota_bytes() ? OverQuota()
                                                                             : absl::OkStatus();
}

absl::Status MemoryStore::GetQuota(int64_t account_id, v1::GetQuotaResponse* response) {
  std::lock_guard lock(mutex_);
  Account& account = Get(account_id);
  response->set_used_bytes(static_cast<uint64_t>(account.UsedBytes()));
  for (const auto& [name, folder] : account.folders) {
    response->set_messages(response->messages() + folder.messages.size());
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::ListMailboxes(const v1::ListMailboxesRequest& request,
                                        v1::ListMailboxesResponse* response) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  for (const auto& [name, folder] : account.folders) {
    if (request.name().empty() || request.name() == name) {
      Describe(account, name, folder, response->add_mailboxes());
    }
  }
  if (!request.name().empty())
    return response->mailboxes().empty() ? NoSuchMailbox() : absl::OkStatus();
  for (const std::string& name : account.subscriptions) {
    if (!account.folders.contains(name)) response->add_stale_subscriptions(name);
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::FindMailbox(int64_t account_id, const std::string& name,
                                      v1::Mailbox* mailbox) {
  std::vector<MessageRow> rows;
  return OpenMailbox(account_id, name, mailbox, &rows);
}

absl::Status MemoryStore::CreateMailbox(const v1::CreateMailboxRequest& request,
                                        v1::Mailbox* mailbox) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  if (account.folders.contains(request.name())) return ExistsError("the mailbox exists already");
  account.MakeParents(request.name());
  Describe(account, request.name(), account.Make(request.name(), request.special_use()), mailbox);
  return absl::OkStatus();
}

absl::Status MemoryStore::RenameMailbox(const v1::RenameMailboxRequest& request) {
  if (request.to() == request.from() || IsBelow(request.to(), request.from())) {
    return SyntaxError("a mailbox cannot be moved below itself");
  }
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  if (!account.folders.contains(request.from())) return NoSuchMailbox();
  if (account.folders.contains(request.to())) return ExistsError("the mailbox exists already");
  account.MakeParents(request.to());
  std::vector<std::string> names;
  for (const auto& [name, folder] : account.folders) {
    if (name == request.from() || IsBelow(name, request.from())) names.push_back(name);
  }
  for (const std::string& name : names) {
    auto node = account.folders.extract(name);
    node.key() = Renamed(name, request.from(), request.to());
    account.folders.insert(std::move(node));
    if (account.subscriptions.erase(name) > 0) {
      account.subscriptions.insert(Renamed(name, request.from(), request.to()));
    }
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteMailbox(const v1::DeleteMailboxRequest& request) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  if (!account.folders.contains(request.name())) return NoSuchMailbox();
  for (const auto& [name, folder] : account.folders) {
    if (!IsBelow(name, request.name())) continue;
    return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kHasChildren,
                     "the mailbox has children");
  }
  auto node = account.folders.extract(request.name());
  const Folder& folder = node.mapped();
  uint64_t modseq = ++account.modseq;
  for (const auto& [uid, message] : folder.messages)
    account.gone[{folder.id, modseq, uid}] = {absl::Now(), message};
  account.deleted_folders[folder.id] = request.name();
  return absl::OkStatus();
}

absl::Status MemoryStore::Subscribe(const v1::SubscribeRequest& request) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  if (request.subscribed()) {
    account.subscriptions.insert(request.name());
  } else {
    account.subscriptions.erase(request.name());
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::LockMaildrop(int64_t account_id, const Uuid& holder,
                                       absl::Duration length) {
  std::lock_guard lock(mutex_);
  auto [at, free] = maildrop_locks_.try_emplace(account_id);
  if (!free && at->second.first != holder && at->second.second >= absl::Now())
    return MakeError(absl::StatusCode::kAborted, Reason::kConflict, "the maildrop is in use");
  at->second = {holder, absl::Now() + length};
  return absl::OkStatus();
}

absl::Status MemoryStore::UnlockMaildrop(int64_t account_id, const Uuid& holder) {
  std::lock_guard lock(mutex_);
  auto at = maildrop_locks_.find(account_id);
  if (at != maildrop_locks_.end() && at->second.first == holder) maildrop_locks_.erase(at);
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteAccount(int64_t account_id) {
  std::lock_guard lock(mutex_);
  accounts_.erase(account_id);
  std::erase_if(delivered_, [&](const auto& entry) { return entry.first.second == account_id; });
  for (auto& [id, account] : accounts_) {
    for (auto& [name, folder] : account.folders) folder.grants.erase(account_id);
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::GetHistory(const v1::GetHistoryRequest& request,
                                     v1::GetHistoryResponse* response) {
  std::lock_guard lock(mutex_);
  for (const auto& [key, stored] : delivered_) {
    bool wanted = request.mail_id().empty()
                      ? request.address().empty() || request.address() == stored.recipient
                      : request.mail_id() == key.first.ToString();
    if (!wanted) continue;
    v1::DeliverRequest of_script;
    if (of_script.ParseFromString(stored.events)) {
      for (auto& event : *of_script.mutable_events()) *response->add_events() = std::move(event);
    }
    auto* event = response->add_events();
    event->set_mail_id(key.first.ToString());
    event->mutable_time()->set_seconds(absl::ToUnixSeconds(stored.at));
    event->set_service("mailbox");
    event->set_kind(stored.result.uid == 0 ? "handled" : "stored");
    event->set_sender(stored.sender);
    event->set_recipient(stored.recipient);
  }
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
