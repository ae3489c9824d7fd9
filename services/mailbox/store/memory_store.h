#pragma once
// The mail store in memory, for tests.

#include <absl/time/clock.h>

#include <mutex>

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

class MemoryStore : public Store {
 public:
  void StoreBatch(const std::vector<Delivery*>& batch) override;
  absl::Status StoreTogether(const std::vector<Delivery*>& batch) override;
  absl::StatusOr<std::vector<bool>> FindStored(int64_t account_id,
                                               const std::vector<Uuid>& ids) override;
  absl::Status EnsureAccount(int64_t account_id) override;
  absl::Status CheckQuota(const v1::CheckQuotaRequest& request) override;
  absl::Status GetQuota(int64_t account_id, v1::GetQuotaResponse* response) override;
  absl::Status ListMailboxes(const v1::ListMailboxesRequest& request,
                             v1::ListMailboxesResponse* response) override;
  absl::Status CreateMailbox(const v1::CreateMailboxRequest& request,
                             v1::Mailbox* mailbox) override;
  absl::Status RenameMailbox(const v1::RenameMailboxRequest& request) override;
  absl::Status DeleteMailbox(const v1::DeleteMailboxRequest& request) override;
  absl::Status Subscribe(const v1::SubscribeRequest& request) override;
  absl::StatusOr<mail::Rights> FindRights(int64_t account_id, int64_t mailbox_id,
                                          const v1::Actor& actor) override;
  absl::Status ListGrants(const v1::ListGrantsRequest& request,
                          v1::ListGrantsResponse* response) override;
  absl::Status SetGrant(const v1::SetGrantRequest& request, mail::Rights rights) override;
  absl::Status ListShared(const v1::Actor& actor, v1::ListMailboxesResponse* response) override;
  absl::Status FindMailbox(int64_t account_id, const std::string& name,
                           v1::Mailbox* mailbox) override;
  absl::Status OpenMailbox(int64_t account_id, const std::string& name, v1::Mailbox* mailbox,
                           std::vector<MessageRow>* rows) override;
  absl::StatusOr<MailboxChanges> GetChanges(const v1::GetChangesRequest& request) override;
  absl::StatusOr<std::vector<MessageRow>> ListMessages(int64_t account_id,
                                                       int64_t mailbox_id) override;
  absl::StatusOr<std::map<int64_t, uint64_t>> GetModseqs(
      const std::vector<int64_t>& accounts) override;
  absl::StatusOr<std::vector<MessageContent>> Fetch(int64_t account_id, int64_t mailbox_id,
                                                    const std::vector<uint32_t>& uids,
                                                    Want want) override;
  absl::Status ReadContent(const v1::ReadContentRequest& request,
                           v1::ReadContentResponse* response) override;
  absl::Status StoreFlags(const v1::StoreFlagsRequest& request, const std::string& flags,
                          mail::Rights rights, std::vector<MessageRow>* rows,
                          std::vector<uint32_t>* modified) override;
  absl::Status CopyMessages(const v1::CopyMessagesRequest& request, mail::Rights rights,
                            v1::CopyMessagesResponse* response) override;
  absl::Status Expunge(const v1::ExpungeRequest& request, v1::ExpungeResponse* response) override;
  absl::Status ListDeleted(const v1::ListDeletedRequest& request,
                           v1::ListDeletedResponse* response) override;
  absl::Status RestoreDeleted(const v1::RestoreDeletedRequest& request,
                              v1::RestoreDeletedResponse* response) override;
  absl::StatusOr<size_t> ExpireDeleted(absl::Duration age, size_t limit) override;
  absl::StatusOr<size_t> TrimVanished(absl::Duration age, size_t limit) override;
  absl::StatusOr<size_t> CollectContents(absl::Duration grace, size_t limit) override;
  absl::StatusOr<RetainStep> Retain(const std::string& special_use, absl::Duration age,
                                    MailboxPlace after, size_t limit) override;
  absl::StatusOr<ScrubStep> Scrub(const ScrubPace& pace) override;
  absl::Status GetScrub(v1::GetScrubResponse* response) override;
  absl::Status StartScrub() override;
  absl::Status GetMetadata(const v1::GetMetadataRequest& request,
                           v1::GetMetadataResponse* response) override;
  absl::Status SetMetadata(const v1::SetMetadataRequest& request) override;
  absl::Status LockMaildrop(int64_t account_id, const Uuid& holder, absl::Duration length) override;
  absl::Status UnlockMaildrop(int64_t account_id, const Uuid& holder) override;
  absl::Status DeleteAccount(int64_t account_id) override;
  absl::Status GetHistory(const v1::GetHistoryRequest& request,
                          v1::GetHistoryResponse* response) override;
  absl::Status ListScripts(int64_t account_id, v1::ListScriptsResponse* response) override;
  absl::Status GetScript(const v1::GetScriptRequest& request,
                         v1::GetScriptResponse* response) override;
  absl::StatusOr<ActiveScript> GetActiveScript(int64_t account_id) override;
  absl::Status CheckScriptRoom(const v1::CheckScriptRoomRequest& request) override;
  absl::Status PutScript(const v1::PutScriptRequest& request) override;
  absl::Status SetActiveScript(const v1::SetActiveScriptRequest& request) override;
  absl::Status DeleteScript(const v1::DeleteScriptRequest& request) override;
  absl::Status RenameScript(const v1::RenameScriptRequest& request) override;
  absl::Status ListDomainScripts(const std::string& domain,
                                 v1::ListScriptsResponse* response) override;
  absl::Status GetDomainScript(const v1::GetScriptRequest& request,
                               v1::GetScriptResponse* response) override;
  absl::Status PutDomainScript(const v1::PutScriptRequest& request) override;
  absl::Status DeleteDomainScript(const v1::DeleteScriptRequest& request) override;
  absl::StatusOr<DomainScripts> LoadDomainScripts(uint64_t known) override;
  absl::StatusOr<bool> IsRemembered(int64_t account_id, const std::string& id) override;
  absl::StatusOr<std::vector<OutboxItem>> ClaimOutbox(size_t limit) override;
  absl::Status FinishOutbox(const OutboxItem& item) override;
  absl::Status PruneRemembered() override;
  // memory_search.cc
  absl::StatusOr<std::vector<uint32_t>> MayHold(int64_t account_id, int64_t mailbox_id,
                                                size_t messages,
                                                const std::vector<search::Gram>& grams) override;
  absl::StatusOr<std::optional<IndexTurn>> StartIndexing(int64_t account_id, size_t limit) override;
  absl::StatusOr<std::vector<EmailContent>> LoadEmails(int64_t account_id,
                                                       const std::vector<Uuid>& emails) override;
  absl::Status PutSignatures(int64_t account_id,
                             const std::vector<EmailSignatures>& emails) override;
  absl::Status FinishIndexing(int64_t account_id, const IndexTurn& turn, bool done) override;
  absl::StatusOr<UnindexedStep> FindUnindexed(int64_t after, size_t limit) override;
  absl::Status ForgetSignatures(int64_t account_id) override;
  absl::Status Health() override { return absl::OkStatus(); }
  absl::Status Room() const override {
    std::lock_guard lock(mutex_);
    return room_;
  }

  // Flips a bit of a stored content.
  void CorruptForTest(const std::string& email_id);
  void SetRoomForTest(absl::Status room) {
    std::lock_guard lock(mutex_);
    room_ = std::move(room);
  }

 private:
  struct Email {
    std::string content;
    std::string structure;
    std::string sha256;
    size_t header_size = 0;
    std::string email_id;
    std::string thread_id;
    std::vector<std::string> signatures;  // none: not indexed
  };
  struct Message {
    MessageRow row;
    std::shared_ptr<Email> email;
    absl::Time saved = absl::Now();  // into this mailbox
  };
  struct Granted {
    int64_t tenant_id = 0;
    mail::Rights rights;
  };
  struct Folder {
    std::map<std::string, std::string> metadata;
    std::map<int64_t, Granted> grants;  // by account, 0 for anyone
    int64_t id = 0;
    std::string special_use;
    uint32_t uid_validity = 0;
    uint32_t uid_next = 1;
    uint64_t highest_modseq = 1;
    std::map<uint32_t, Message> messages;
    // Up to here `vanished` may have been trimmed.
    uint64_t vanished_floor = 0;

    mail::Rights RightsOf(const v1::Actor& actor) const;
  };
  // What was expunged or moved away, by mailbox, MODSEQ and UID.
  using GoneKey = std::tuple<int64_t, uint64_t, uint32_t>;
  struct Gone {
    absl::Time at;
    Message message;  // no email: nothing to restore
  };
  struct Script {
    std::string content;
    bool active = false;
    uint64_t modseq = 0;
    absl::Time updated_at;
  };
  struct Account {
    std::map<std::string, std::string> metadata;
    uint64_t modseq = 1;
    int64_t next_mailbox_id = 1;
    uint32_t next_uid_validity = 1000;
    std::map<std::string, Folder> folders;
    std::map<int64_t, std::string> deleted_folders;  // names
    std::map<GoneKey, Gone> gone;
    std::set<std::string> subscriptions;
    std::map<std::string, Script> scripts;
    uint64_t sieve_generation = 0;
    std::map<std::string, absl::Time> remembered;  // with the end of it
    std::map<Uuid, OutboxItem> outbox;
    int64_t index_turn = 0;
    bool indexing = false;

    int64_t UsedBytes() const;
    Folder& Make(const std::string& name, const std::string& special_use);
    void MakeParents(const std::string& name);
    Folder* ById(int64_t id);
    // Emails of messages without signatures, by MODSEQ.
    std::multimap<uint64_t, Email*> Unindexed();
    std::map<std::string, Email*> EmailsById();
    std::string NameOf(int64_t id) const;
    std::vector<GoneKey> FindGone(const v1::RestoreDeletedRequest& request,
                                  v1::RestoreDeletedResponse* response) const;
    // The next MODSEQ and, while a script is active, generation.
    void ScriptsChanged();
  };
  struct Stored {
    Delivery::Result result;
    std::string sender, recipient;
    absl::Time at;
    std::string events;  // of scripts
  };

  Account& Get(int64_t account_id);
  void StoreOne(Delivery& delivery);
  absl::Status Check(Delivery& delivery);
  Delivery::Result StoreCopies(const Delivery& delivery, const Delivery::Recipient& recipient);
  static std::vector<ScriptOutcome::Copy> CopiesOf(const Delivery::Recipient& recipient);
  // memory_scripts.cc
  bool IsStale(const Account& account, const Delivery& delivery,
               const Delivery::Recipient& recipient) const;
  void KeepOutcome(const Delivery::Recipient& recipient);
  static void Describe(const Account& account, const std::string& name, const Folder& folder,
                       v1::Mailbox* mailbox);
  static void Describe(const std::string& name, const Script& script, v1::Script* out);
  static absl::Status RoomFor(const std::map<std::string, Script>& scripts, const std::string& name,
                              uint64_t size);

  std::vector<Email*> Emails();

  mutable std::mutex mutex_;
  v1::GetScrubResponse scrub_;
  absl::Time next_scrub_ = absl::InfinitePast();
  absl::Status room_;
  std::map<int64_t, Account> accounts_;
  std::map<std::string, std::map<std::string, Script>> domain_scripts_;  // by domain and name
  uint64_t domain_generation_ = 0;
  std::map<int64_t, std::pair<Uuid, absl::Time>> maildrop_locks_;  // holder, end
  std::map<std::pair<Uuid, int64_t>, Stored> delivered_;
};

}  // namespace pennypost::mailbox
