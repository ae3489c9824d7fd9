#pragma once
#include <mutex>
#include <unordered_set>

#include "pg/pool.h"
#include "services/mailbox/store/blob_store.h"
#include "services/mailbox/store/inboxes.h"
#include "services/mailbox/store/store.h"
#include "services/mailbox/store/verified.h"

namespace pennypost::mailbox {

class PgStore : public Store {
 public:
  // `pool_size` connections for reads and changes, `writers` more for StoreBatch. Contents from
  // `outside_min` bytes on are kept in `outside`, if there is one.
  PgStore(std::string dsn, size_t pool_size, size_t writers,
          std::unique_ptr<BlobStore> outside = nullptr, size_t outside_min = 0);

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
  // pg_outside.cc
  bool KeepsOutside(const Delivery& delivery) const override;
  absl::Status PutOutside(Delivery* delivery) override;
  absl::StatusOr<OutsideStep> CollectOutside(absl::Duration grace,
                                             const std::string& after) override;
  absl::StatusOr<RenumberStep> Renumber(MailboxPlace after) override;
  // The database is a restored backup, and nothing runs on it yet: each UIDVALIDITY rises, since
  // clients may know UIDs that it has forgotten, the time of grace of contents starts again, and
  // mail of scripts that waits for relay gets `hold` (an EnqueueRequest, serialized) on top.
  absl::Status AfterRestore(const std::string& hold);
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
  // pg_search.cc
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
  absl::Status Health() override {
    return pool_.Health().ok() ? writer_pool_.Health() : pool_.Health();
  }
  // At the start, after the migrations: what is given back when the disk is full.
  void KeepReserve() { pool_.KeepReserve(); }
  absl::Status Room() const override {
    absl::Status room = writer_pool_.Room();
    return room.ok() ? pool_.Room() : room;
  }

 private:
  // What StoreBatch and StoreTogether try, until it is known whether the batch is stored.
  enum class Stored { kAll, kNone, kEachMayDiffer };
  // A step of the housekeeping, in a transaction of its own; 0 where another process has the turn.
  absl::StatusOr<size_t> InTurn(const std::function<absl::StatusOr<size_t>(pg::Connection&)>& step);
  Stored TryToStore(const std::vector<Delivery*>& batch, absl::Status* error);

  // DataLoss where it is gone.
  absl::StatusOr<std::string> GetOutside(const std::string& object);
  enum class Verify { kNo, kYes };
  absl::Status ReadOutside(const v1::ReadContentRequest& request, const pg::Result& found,
                           Verify verify, v1::ReadContentResponse* response);
  // What the scrub found.
  struct Checked {
    std::vector<Uuid> intact, corrupt, loose;
  };
  // False if nothing can be said about any of them: one cannot even be read.
  absl::StatusOr<bool> Check(const std::vector<Uuid>& blobs, Checked* checked);
  absl::Status CheckAll(const std::vector<Uuid>& blobs, Checked* checked);

  const std::unique_ptr<BlobStore> outside_;
  const size_t outside_min_;
  Verified verified_;
  pg::Pool pool_;
  pg::Pool writer_pool_;
  Inboxes inboxes_;
  std::mutex mutex_;
  std::unordered_set<int64_t> known_accounts_;  // made already: saves a statement a call
};

}  // namespace pennypost::mailbox
