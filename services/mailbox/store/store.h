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
#include "mail/rights.h"
#include "pennypost/mailbox/v1/mailbox_service.pb.h"
#include "services/mailbox/core/email.h"
#include "services/mailbox/store/search_index.h"

namespace pennypost::mailbox {

// What a script decided about one recipient's mail. Stored in the delivery's transaction, or not at
// all.
struct ScriptOutcome {
  struct Copy {
    std::string mailbox;
    std::string flags;  // joined
  };
  // Mail that goes out: a serialized relay.v1.EnqueueRequest.
  struct Outgoing {
    Uuid id;
    std::string request;
  };
  struct Remembered {
    std::string id;  // SHA-256
    absl::Time expires;
    // The outcome holds only if nobody else remembered it meanwhile.
    bool must_be_new = true;
  };
  // Content as the script changed it.
  struct Changed {
    std::string content;
    PreparedEmail email;
    Uuid blob_id;
  };

  uint64_t generation = 0;   // of the scripts it comes from
  std::vector<Copy> copies;  // none: discarded, rejected or redirected
  std::vector<Outgoing> outgoing;
  std::vector<Remembered> remembered;
  std::string events;  // serialized, like the delivery's
  std::shared_ptr<const Changed> changed;
};

// A message on its way in, from Deliver or Append.
struct Delivery {
  struct Recipient {
    int64_t account_id = 0;
    std::string address;
    std::string mailbox = "INBOX";
    std::string flags;        // joined
    int64_t quota_bytes = 0;  // 0: none
    // Without one the mail goes to `mailbox` with `flags`.
    std::optional<ScriptOutcome> script;
  };
  // Of the first copy; no mailbox where a script stored none.
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
  bool runs_scripts = true;        // not where a client puts the message (APPEND)
  uint64_t domain_generation = 0;  // of the domains' scripts that ran

  // Set by StoreBatch.
  absl::Status status;
  // Nothing was stored (status: Aborted), since the outcome of a script no longer holds: scripts
  // changed, or somebody else remembered the same. To be run again and stored again.
  bool stale = false;
  std::vector<Result> results;
};

// A message of a mailbox without its content.
struct MessageRow {
  uint32_t uid = 0;
  uint64_t modseq = 0;
  uint64_t size = 0;
  absl::Time internal_date;
  std::string flags;
  uint32_t relevancy = 0;  // 1 to 100 in the result of a search with fuzzy keys
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

// The UIDs from first to last.
struct UidSpan {
  uint32_t first = 0;
  uint32_t last = 0;
  bool operator==(const UidSpan&) const = default;
};

// What changed in a mailbox after a MODSEQ.
struct MailboxChanges {
  v1::Mailbox mailbox;
  std::vector<MessageRow> changed;
  std::vector<uint32_t> vanished;
  // Instead, where the record of what vanished was trimmed since: all that is not there.
  std::vector<UidSpan> not_there;
};

// A mailbox by its key.
struct MailboxPlace {
  int64_t account_id = 0;
  int64_t mailbox_id = 0;
  auto operator<=>(const MailboxPlace&) const = default;
};

struct RetainStep {
  MailboxPlace last;              // the last one looked at
  bool at_end = false;            // there are no more
  std::vector<int64_t> accounts;  // that lost messages
  size_t messages = 0;
};

struct RenumberStep {
  MailboxPlace last;       // the last one looked at
  bool at_end = false;     // there are no more
  int64_t account_id = 0;  // whose mailbox it was, if it was renumbered
};

// How fast contents are looked at, by all processes together.
struct ScrubPace {
  uint64_t bytes_per_second = 0;
  uint64_t most_bytes = 8 << 20;               // in one step
  absl::Duration round = absl::Hours(24 * 7);  // between the ends of rounds and the next beginning
};

struct ScrubStep {
  size_t contents = 0;
  uint64_t bytes = 0;
  std::vector<Uuid> corrupt;
};

// A page of the objects outside.
struct OutsideStep {
  std::string last;  // where to go on; empty at the end
  size_t removed = 0;
};

// Mail of scripts that waits for relay.
struct OutboxItem {
  int64_t account_id = 0;
  Uuid id;
  std::string request;
  int64_t attempts = 0;  // with this one
};

// The script that runs at a delivery.
struct ActiveScript {
  uint64_t generation = 0;  // of the account's scripts; 0: none is active
  std::string name;
  std::string content;
};

struct DomainScripts {
  struct Script {
    std::string domain;
    std::string name;
    std::string content;
  };
  uint64_t generation = 0;
  std::vector<Script> scripts;
};

// RFC 5804 2.10: the edge tells it from other refusals by its code.
inline absl::Status ScriptIsActive() {
  return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kBadSequence,
                   "the active script cannot be deleted");
}

class Store : public SearchIndex {
 public:
  // Stores all deliveries in one transaction where it can; each has its own status then. A repeat
  // of a mail_id for an account answers what was stored and stores nothing (exactly-once effect).
  virtual void StoreBatch(const std::vector<Delivery*>& batch) = 0;

  // Whether PutOutside has something to do.
  virtual bool KeepsOutside(const Delivery&) const { return false; }
  // Before StoreBatch, which must not wait for it: a large content goes to the object store. It may
  // block. (StoreTogether does it by itself.)
  virtual absl::Status PutOutside(Delivery*) { return absl::OkStatus(); }

  // The same, but all deliveries or none of them: the status is that of all.
  virtual absl::Status StoreTogether(const std::vector<Delivery*>& batch) = 0;

  // Which of these ids StoreBatch would find to be repeats for the account.
  virtual absl::StatusOr<std::vector<bool>> FindStored(int64_t account_id,
                                                       const std::vector<Uuid>& ids) = 0;

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

  // What an account of a tenant was granted to a mailbox; nothing where there is no such mailbox.
  virtual absl::StatusOr<mail::Rights> FindRights(int64_t account_id, int64_t mailbox_id,
                                                  const v1::Actor& actor) = 0;
  virtual absl::Status ListGrants(const v1::ListGrantsRequest& request,
                                  v1::ListGrantsResponse* response) = 0;
  static constexpr int kMostGrants = 1000;  // of one mailbox
  // `rights` are those of the grant.
  virtual absl::Status SetGrant(const v1::SetGrantRequest& request, mail::Rights rights) = 0;
  static constexpr int kMostShared = 10'000;
  // What others share with an account of a tenant, into `shared`.
  virtual absl::Status ListShared(const v1::Actor& actor, v1::ListMailboxesResponse* response) = 0;

  virtual absl::Status FindMailbox(int64_t account_id, const std::string& name,
                                   v1::Mailbox* mailbox) = 0;
  // The mailbox and its messages as of one moment.
  virtual absl::Status OpenMailbox(int64_t account_id, const std::string& name,
                                   v1::Mailbox* mailbox, std::vector<MessageRow>* rows) = 0;
  virtual absl::StatusOr<MailboxChanges> GetChanges(const v1::GetChangesRequest& request) = 0;
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

  // Flags change as far as the rights go.
  virtual absl::Status StoreFlags(const v1::StoreFlagsRequest& request, const std::string& flags,
                                  mail::Rights rights, std::vector<MessageRow>* rows,
                                  std::vector<uint32_t>* modified) = 0;
  // Copies have the flags that the rights to the destination allow.
  virtual absl::Status CopyMessages(const v1::CopyMessagesRequest& request, mail::Rights rights,
                                    v1::CopyMessagesResponse* response) = 0;
  virtual absl::Status Expunge(const v1::ExpungeRequest& request,
                               v1::ExpungeResponse* response) = 0;
  static constexpr int kMostDeleted = 1000;  // listed or restored at once
  virtual absl::Status ListDeleted(const v1::ListDeletedRequest& request,
                                   v1::ListDeletedResponse* response) = 0;
  virtual absl::Status RestoreDeleted(const v1::RestoreDeletedRequest& request,
                                      v1::RestoreDeletedResponse* response) = 0;
  // The mailbox's name is canonical, or empty for the account.
  virtual absl::Status GetMetadata(const v1::GetMetadataRequest& request,
                                   v1::GetMetadataResponse* response) = 0;
  static constexpr int kMostMetadata = 100;  // entries of one mailbox
  virtual absl::Status SetMetadata(const v1::SetMetadataRequest& request) = 0;
  // Aborted (CONFLICT) while another holder has the lock.
  virtual absl::Status LockMaildrop(int64_t account_id, const Uuid& holder,
                                    absl::Duration length) = 0;
  virtual absl::Status UnlockMaildrop(int64_t account_id, const Uuid& holder) = 0;
  virtual absl::Status DeleteAccount(int64_t account_id) = 0;
  virtual absl::Status GetHistory(const v1::GetHistoryRequest& request,
                                  v1::GetHistoryResponse* response) = 0;

  virtual absl::Status ListScripts(int64_t account_id, v1::ListScriptsResponse* response) = 0;
  virtual absl::Status GetScript(const v1::GetScriptRequest& request,
                                 v1::GetScriptResponse* response) = 0;
  // Generation 0 where none is active.
  virtual absl::StatusOr<ActiveScript> GetActiveScript(int64_t account_id) = 0;
  virtual absl::Status CheckScriptRoom(const v1::CheckScriptRoomRequest& request) = 0;
  // It was compiled.
  virtual absl::Status PutScript(const v1::PutScriptRequest& request) = 0;
  virtual absl::Status SetActiveScript(const v1::SetActiveScriptRequest& request) = 0;
  virtual absl::Status DeleteScript(const v1::DeleteScriptRequest& request) = 0;
  virtual absl::Status RenameScript(const v1::RenameScriptRequest& request) = 0;

  // Scripts of domains: the `domain` of the requests, canonical.
  virtual absl::Status ListDomainScripts(const std::string& domain,
                                         v1::ListScriptsResponse* response) = 0;
  virtual absl::Status GetDomainScript(const v1::GetScriptRequest& request,
                                       v1::GetScriptResponse* response) = 0;
  virtual absl::Status PutDomainScript(const v1::PutScriptRequest& request) = 0;
  virtual absl::Status DeleteDomainScript(const v1::DeleteScriptRequest& request) = 0;
  // All of them; none where the generation is still `known`.
  virtual absl::StatusOr<DomainScripts> LoadDomainScripts(uint64_t known) = 0;

  virtual absl::StatusOr<bool> IsRemembered(int64_t account_id, const std::string& id) = 0;
  // What is due, each to be finished or due again later: the more attempts, the later.
  virtual absl::StatusOr<std::vector<OutboxItem>> ClaimOutbox(size_t limit) = 0;
  virtual absl::Status FinishOutbox(const OutboxItem& item) = 0;
  // Forgets what expired.
  virtual absl::Status PruneRemembered() = 0;

  // Housekeeping: each takes at most `limit` things that are due and says how many, and 0 where
  // another process is at it. Age and grace are by the store's own clock.
  // Deleted messages that can no longer be restored.
  virtual absl::StatusOr<size_t> ExpireDeleted(absl::Duration age, size_t limit) = 0;
  // The record of what vanished.
  virtual absl::StatusOr<size_t> TrimVanished(absl::Duration age, size_t limit) = 0;
  // Contents that nothing refers to and that lost their last reference before the grace time.
  virtual absl::StatusOr<size_t> CollectContents(absl::Duration grace, size_t limit) = 0;
  // Objects that no content names, and that are older than the grace time: what a crash left.
  virtual absl::StatusOr<OutsideStep> CollectOutside(absl::Duration, const std::string&) {
    return OutsideStep{};
  }

  // Deletes the messages that have been for `age` in mailboxes of that use, mailbox by mailbox.
  virtual absl::StatusOr<RetainStep> Retain(const std::string& special_use, absl::Duration age,
                                            MailboxPlace after, size_t limit) = 0;
  // Looks for mailboxes that run out of UIDs: the first one gets new ones, from 1 on, with another
  // UIDVALIDITY and another id.
  virtual absl::StatusOr<RenumberStep> Renumber(MailboxPlace after) {
    return RenumberStep{after, /*at_end=*/true, 0};
  }
  // The next contents against their checksums, if it is time; nothing while another process does.
  virtual absl::StatusOr<ScrubStep> Scrub(const ScrubPace& pace) = 0;
  virtual absl::Status GetScrub(v1::GetScrubResponse* response) = 0;
  // A new round, from the first content.
  virtual absl::Status StartScrub() = 0;

  virtual absl::Status Health() = 0;
  // STORAGE_FULL while new mail finds no room; reads and removals go on. Does not block.
  virtual absl::Status Room() const = 0;
};

}  // namespace pennypost::mailbox
