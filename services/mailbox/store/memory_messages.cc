// Messages of a mailbox in memory: read, flag, copy, move, expunge.

#include <absl/time/clock.h>

#include "services/mailbox/core/flags.h"
#include "services/mailbox/store/memory_store.h"
#include "services/mailbox/store/not_there.h"

namespace pennypost::mailbox {
namespace {

absl::Status NoSuchMailbox() {
  return NotFoundError("no such mailbox");
}

}  // namespace

absl::Status MemoryStore::OpenMailbox(int64_t account_id, const std::string& name,
                                      v1::Mailbox* mailbox, std::vector<MessageRow>* rows) {
  std::lock_guard lock(mutex_);
  auto account = accounts_.find(account_id);
  if (account == accounts_.end()) return NoSuchMailbox();
  auto folder = account->second.folders.find(name);
  if (folder == account->second.folders.end()) return NoSuchMailbox();
  Describe(account->second, name, folder->second, mailbox);
  for (const auto& [uid, message] : folder->second.messages) rows->push_back(message.row);
  return absl::OkStatus();
}

absl::StatusOr<MailboxChanges> MemoryStore::GetChanges(const v1::GetChangesRequest& request) {
  std::lock_guard lock(mutex_);
  Account& account = Get(request.account_id());
  Folder* folder = account.ById(request.mailbox_id());
  if (folder == nullptr) return NoSuchMailbox();
  MailboxChanges changes;
  Describe(account, account.NameOf(folder->id), *folder, &changes.mailbox);
  std::vector<MessageRow> there;
  for (const auto& [uid, message] : folder->messages) {
    there.push_back(message.row);
    if (message.row.modseq > request.since_modseq()) changes.changed.push_back(message.row);
  }
  if (request.since_modseq() < folder->vanished_floor) {
    changes.not_there = NotThere(there, folder->uid_next);
    return changes;
  }
  std::set<uint32_t> vanished;
  for (const auto& [key, gone] : account.gone) {
    const auto& [mailbox, modseq, uid] = key;
    if (mailbox == folder->id && modseq > request.since_modseq()) vanished.insert(uid);
  }
  changes.vanished.assign(vanished.begin(), vanished.end());
  return changes;
}

absl::StatusOr<std::vector<MessageRow>> MemoryStore::ListMessages(int64_t account_id,
                                                                  int64_t mailbox_id) {
  std::lock_guard lock(mutex_);
  std::vector<MessageRow> rows;
  Folder* folder = Get(account_id).ById(mailbox_id);
  if (folder == nullptr) return rows;
  for (const auto& [uid, message] : folder->messages) rows.push_back(message.row);
  return rows;
}

absl::StatusOr<std::map<int64_t, uint64_t>> MemoryStore::GetModseqs(
    const std::vector<int64_t>& accounts) {
  std::lock_guard lock(mutex_);
  std::map<int64_t, uint64_t> modseqs;
  for (int64_t id : accounts) {
    if (auto account = accounts_.find(id); account != accounts_.end()) {
      modseqs[id] = account->second.modseq;
    }
  }
  return modseqs;
}

absl::StatusOr<std::vector<MessageContent>> MemoryStore::Fetch(int64_t account_id,
                                                               int64_t mailbox_id,
                                                               const std::vector<uint32_t>& uids,
                                                               Want want) {
  std::lock_guard lock(mutex_);
  std::vector<MessageContent> out;
  Folder* folder = Get(account_id).ById(mailbox_id);
  if (folder == nullptr) return out;
  for (uint32_t uid : std::set<uint32_t>(uids.begin(), uids.end())) {
    auto message = folder->messages.find(uid);
    if (message == folder->messages.end()) continue;
    const Email& email = *message->second.email;
    if (want.content && Sha256(email.content) != email.sha256) {
      return MakeError(absl::StatusCode::kDataLoss, Reason::kCorrupt,
                       "stored content does not match its checksum");
    }
    out.push_back({uid, want.structure ? email.structure : "",
                   want.header ? email.content.substr(0, email.header_size) : "",
                   want.content ? email.content : "", email.email_id, email.thread_id,
                   message->second.row.internal_date});
  }
  return out;
}

absl::Status MemoryStore::ReadContent(const v1::ReadContentRequest& request,
                                      v1::ReadContentResponse* response) {
  ASSIGN_OR_RETURN(auto found, Fetch(request.account_id(), request.mailbox_id(), {request.uid()},
                                     {false, false, true}));
  if (found.empty()) return NotFoundError("the message is gone");
  const std::string& content = found[0].content;
  response->set_total_size(content.size());
  if (request.offset() < content.size()) {
    response->set_data(content.substr(request.offset(), request.length()));
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::StoreFlags(const v1::StoreFlagsRequest& request, const std::string& flags,
                                     mail::Rights rights, std::vector<MessageRow>* rows,
                                     std::vector<uint32_t>* modified) {
  std::lock_guard lock(mutex_);
  rows->clear();
  modified->clear();
  Account& account = Get(request.account_id());
  Folder* folder = account.ById(request.mailbox_id());
  if (folder == nullptr) return NoSuchMailbox();
  uint64_t modseq = ++account.modseq;
  for (uint32_t uid : std::set<uint32_t>(request.uids().begin(), request.uids().end())) {
    auto message = folder->messages.find(uid);
    if (message == folder->messages.end()) continue;
    MessageRow& row = message->second.row;
    if (request.has_unchanged_since() && row.modseq > request.unchanged_since()) {
      modified->push_back(uid);
      continue;
    }
    std::string after = flags;
    if (request.mode() == v1::StoreFlagsRequest::MODE_ADD) after = AddFlags(row.flags, flags);
    if (request.mode() == v1::StoreFlagsRequest::MODE_REMOVE) after = RemoveFlags(row.flags, flags);
    after = ChangeWithRights(row.flags, after, rights);
    if (after != row.flags) {
      row.flags = after;
      row.modseq = folder->highest_modseq = modseq;
    }
    rows->push_back(row);
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::CopyMessages(const v1::CopyMessagesRequest& request, mail::Rights rights,
                                       v1::CopyMessagesResponse* response) {
  std::lock_guard lock(mutex_);
  response->Clear();
  Account& account = Get(request.account_id());
  bool within = request.destination_account_id() == 0 ||
                request.destination_account_id() == request.account_id();
  Account& target = within ? account : Get(request.destination_account_id());
  Folder* from = account.ById(request.mailbox_id());
  auto destination = target.folders.find(request.destination());
  if (from == nullptr || destination == target.folders.end()) return NoSuchMailbox();
  Folder& to = destination->second;
  std::set<uint32_t> uids(request.uids().begin(), request.uids().end());
  int64_t bytes = target.UsedBytes();
  for (uint32_t uid : uids) {
    auto message = from->messages.find(uid);
    if (message != from->messages.end()) bytes += static_cast<int64_t>(message->second.row.size);
  }
  bool stays = request.move() && within;
  if (!stays && request.quota_bytes() > 0 && bytes > request.quota_bytes()) {
    return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
                     "the mailbox is full");
  }
  uint64_t modseq = ++target.modseq;
  uint64_t gone_modseq = within || !request.move() ? modseq : ++account.modseq;
  response->set_destination_uid_validity(to.uid_validity);
  response->set_highest_modseq(gone_modseq);
  for (uint32_t uid : uids) {
    auto message = from->messages.find(uid);
    if (message == from->messages.end()) continue;
    Message copy = message->second;
    copy.row.uid = to.uid_next++;
    copy.row.modseq = to.highest_modseq = modseq;
    copy.row.flags = ChangeWithRights("", copy.row.flags, rights);
    copy.saved = absl::Now();
    if (!within) {
      copy.email = std::make_shared<Email>(*copy.email);
      copy.email->signatures.clear();
    }
    response->add_source_uids(uid);
    response->add_destination_uids(copy.row.uid);
    if (request.move()) {
      Gone& gone = account.gone[{from->id, gone_modseq, uid}];
      gone.at = absl::Now();
      // The owner can have back what another took.
      if (!within) gone.message = std::move(message->second);
      from->messages.erase(message);
      from->highest_modseq = gone_modseq;
    }
    to.messages[copy.row.uid] = std::move(copy);
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Expunge(const v1::ExpungeRequest& request,
                                  v1::ExpungeResponse* response) {
  std::lock_guard lock(mutex_);
  response->Clear();
  Account& account = Get(request.account_id());
  Folder* folder = account.ById(request.mailbox_id());
  if (folder == nullptr) return absl::OkStatus();
  uint64_t modseq = ++account.modseq;
  response->set_highest_modseq(modseq);
  std::set<uint32_t> asked(request.uids().begin(), request.uids().end());
  for (auto message = folder->messages.begin(); message != folder->messages.end();) {
    bool named = asked.empty() || asked.contains(message->first);
    bool marked = HasFlag(message->second.row.flags, "\\Deleted") ||
                  (!asked.empty() && request.regardless_of_flag());
    if (!named || !marked) {
      ++message;
      continue;
    }
    response->add_uids(message->first);
    folder->highest_modseq = modseq;
    account.gone[{folder->id, modseq, message->first}] = {absl::Now(), std::move(message->second)};
    message = folder->messages.erase(message);
  }
  return absl::OkStatus();
}

}  // namespace pennypost::mailbox
