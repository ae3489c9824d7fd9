#pragma once
// What the mail store remembers. Blocking; thread-safe. Methods take and fill the requests and
// responses of the service: names are canonical and flags checked by then (mailbox_service.cc).

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "pennypost/mailbox/v1/mailbox_service.pb.h"
#include "services/mailbox/core/email.h"

namespace pennypost::mailbox {

// A message on its way in, from Deliver or Append.
struct Delivery {
  struct Recipient {
    int64_t account_id = 0;
    std::string address;
    std::string mailbox = "INBOX";
    std::string flags;        // joined
    int64_t quota_bytes = 0;  // 0: none
  };
  struct Result {
    int64_t mailbox_id = 0;
    uint32_t uid = 0;
    uint32_t uid_validity = 0;
    bool duplicate = false;
  };

  Uuid mail_id;  // or request id
  std::string sender;
  std::string events;  // serialized
  std::vector<Recipient> recipients;
  PreparedEmail email;
  absl::Time internal_date;
  // NotFound if the mailbox does not exist (APPEND); otherwise INBOX takes it.
  bool mailbox_must_exist = false;

  // Set by StoreBatch.
  absl::Status status;
  std::vector<Result> results;
};

// A message of a mailbox without its content.
struct MessageRow {
  uint32_t uid = 0;
  uint64_t modseq = 0;
  uint64_t size = 0;
  absl::Time internal_date;
  std::string flags;
};

struct MessageContent {
  uint32_t uid = 0;
  std::string structure;
  std::string header;
  std::string content;
  std::string email_id;
  std::string thread_id;
  absl::Time save_date;
};

class Store {
 public:
  virtual ~Store() = default;

  // Stores all deliveries in one transaction where it can; each has its own status then. A repeat
  // of a mail_id for an account answers what was stored and stores nothing (exactly-once effect).
  virtual void StoreBatch(const std::vector<Delivery*>& batch) = 0;

  // The same, but all deliveries or none of them: the status is that of all.
  virtual absl::Status StoreTogether(const std::vector<Delivery*>& batch) = 0;

  virtual absl::Status EnsureAccount(int64_t account_id) = 0;
  virtual absl::Status CheckQuota(const v1::CheckQuotaRequest& request) = 0;
  virtual absl::Status GetQuota(int64_t account_id, v1::GetQuotaResponse* response) = 0;
  virtual absl::Status ListMailboxes(const v1::ListMailboxesRequest& request,
                                     v1::ListMailboxesResponse* response) = 0;
  virtual absl::Status CreateMailbox(const v1::CreateMailboxRequest& request,
                                     v1::Mailbox* mailbox) = 0;
  virtual absl::Status RenameMailbox(const v1::RenameMailboxRequest& request) = 0;
  virtual absl::Status DeleteMailbox(const v1::DeleteMailboxRequest& request) = 0;
  virtual absl::Status Subscribe(const v1::SubscribeRequest& request) = 0;

  virtual absl::Status FindMailbox(int64_t account_id, const std::string& name,
                                   v1::Mailbox* mailbox) = 0;
  // The mailbox and its messages as of one moment.
  virtual absl::Status OpenMailbox(int64_t account_id, const std::string& name,
                                   v1::Mailbox* mailbox, std::vector<MessageRow>* rows) = 0;
  virtual absl::Status GetChanges(const v1::GetChangesRequest& request, v1::Mailbox* mailbox,
                                  std::vector<MessageRow>* changed,
                                  std::vector<uint32_t>* vanished) = 0;
  virtual absl::StatusOr<std::vector<MessageRow>> ListMessages(int64_t account_id,
                                                               int64_t mailbox_id) = 0;
  // MODSEQ of each account that exists.
  virtual absl::StatusOr<std::map<int64_t, uint64_t>> GetModseqs(
      const std::vector<int64_t>& accounts) = 0;

  struct Want {
    bool structure = false;
    bool header = false;
    bool content = false;
  };
  // Ascending by UID; those that are gone are left out. Content is checked against its SHA-256:
  // DataLoss.
  virtual absl::StatusOr<std::vector<MessageContent>> Fetch(int64_t account_id, int64_t mailbox_id,
                                                            const std::vector<uint32_t>& uids,
                                                            Want want) = 0;
  virtual absl::Status ReadContent(const v1::ReadContentRequest& request,
                                   v1::ReadContentResponse* response) = 0;

  virtual absl::Status StoreFlags(const v1::StoreFlagsRequest& request, const std::string& flags,
                                  std::vector<MessageRow>* rows,
                                  std::vector<uint32_t>* modified) = 0;
  virtual absl::Status CopyMessages(const v1::CopyMessagesRequest& request,
                                    v1::CopyMessagesResponse* response) = 0;
  virtual absl::Status Expunge(const v1::ExpungeRequest& request,
                               v1::ExpungeResponse* response) = 0;
  // Aborted (CONFLICT) while another holder has the lock.
  virtual absl::Status LockMaildrop(int64_t account_id, const Uuid& holder,
                                    absl::Duration length) = 0;
  virtual absl::Status UnlockMaildrop(int64_t account_id, const Uuid& holder) = 0;
  virtual absl::Status DeleteAccount(int64_t account_id) = 0;
  virtual absl::Status GetHistory(const v1::GetHistoryRequest& request,
                                  v1::GetHistoryResponse* response) = 0;

  virtual absl::Status Health() const = 0;
  // STORAGE_FULL while new mail finds no room; reads and removals go on. Does not block.
  virtual absl::Status Room() const = 0;
};

}  // namespace pennypost::mailbox
