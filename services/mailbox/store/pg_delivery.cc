#include "services/mailbox/store/pg_delivery.h"

#include "base/failpoint.h"
#include "base/mutant.h"
#include "mailbox_sql.h"
#include "services/mailbox/core/flags.h"

namespace pennypost::mailbox {
namespace {

// One recipient of one delivery.
struct Target {
  Delivery* delivery;
  size_t index;  // in recipients and results

  const Delivery::Recipient& recipient() const { return delivery->recipients[index]; }
  Delivery::Result& result() const { return delivery->results[index]; }
  int64_t account_id() const { return recipient().account_id; }
  const ScriptOutcome* script() const {
    return recipient().script ? &*recipient().script : nullptr;
  }
  const PreparedEmail& email() const {
    return script() && script()->changed ? script()->changed->email : delivery->email;
  }
  Uuid blob_id() const {
    return script() && script()->changed ? script()->changed->blob_id : delivery->mail_id;
  }
  int64_t size() const { return static_cast<int64_t>(email().content.size()); }
};

// One copy for it: a row to be.
struct Place {
  Target target;
  int64_t mailbox_id;
  const std::string* flags;
  int64_t uid = 0;
  int64_t uid_validity = 0;
  int64_t modseq = 0;
};

struct Totals {
  int64_t n = 0;
  int64_t unseen = 0;
  int64_t deleted = 0;
  int64_t bytes = 0;
  int64_t quota = 0;
};
using MailboxKey = std::pair<int64_t, int64_t>;

class Batch {
 public:
  Batch(pg::Connection& connection, const std::vector<Delivery*>& deliveries, Inboxes& inboxes)
      : connection_(connection), deliveries_(deliveries), inboxes_(inboxes) {}

  BatchOutcome Run(absl::Status* error) {
    absl::Status status = FindPlaces();
    if (!status.ok()) return Blame(status, error);
    if (targets_.empty()) return BatchOutcome::kDone;
    BatchOutcome outcome = Reserve(error);
    if (outcome != BatchOutcome::kDone) {
      connection_.Rollback();
      return outcome;
    }
    status = Insert();
    if (!status.ok()) {
      connection_.Rollback();
      // Deadlocks and the like hit the whole batch and may pass; a fault in the data is one
      // delivery's.
      if (status.code() == absl::StatusCode::kAborted) return BatchOutcome::kRepeat;
      return Blame(status, error);
    }
    SetResults();
    return BatchOutcome::kDone;
  }

 private:
  BatchOutcome Blame(const absl::Status& status, absl::Status* error) {
    *error = status;
    bool ours = status.code() == absl::StatusCode::kUnavailable ||
                status.code() == absl::StatusCode::kUnknown ||
                ReasonOf(status) == Reason::kStorageFull;
    return deliveries_.size() > 1 && !ours ? BatchOutcome::kSplit : BatchOutcome::kFailed;
  }

  // Where each recipient's copies go.
  absl::Status FindPlaces() {
    for (Delivery* delivery : deliveries_) {
      if (delivery->stale) continue;
      delivery->results.resize(delivery->recipients.size());
      for (size_t i = 0; i < delivery->recipients.size(); ++i) {
        if (delivery->results[i].duplicate) continue;
        targets_.push_back({delivery, i});
        RETURN_IF_ERROR(FindPlaces(targets_.back()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status FindPlaces(const Target& target) {
    const Delivery::Recipient& recipient = target.recipient();
    if (!target.script()) return AddPlace(target, recipient.mailbox, recipient.flags);
    for (const ScriptOutcome::Copy& copy : target.script()->copies)
      RETURN_IF_ERROR(AddPlace(target, copy.mailbox, copy.flags));
    return absl::OkStatus();
  }

  // The id of INBOX is known; other names are looked up.
  absl::Status AddPlace(const Target& target, const std::string& name, const std::string& flags) {
    int64_t mailbox_id = inboxes_.Of(target.account_id());
    if (name != "INBOX") {
      pg::Params params;
      params.Int(target.account_id()).Text(name);
      ASSIGN_OR_RETURN(pg::Result found, connection_.Run(sql::kFindMailbox, params));
      if (found.empty()) {
        // The first mail of an account may well be junk: its first folders are made now.
        pg::Params owner;
        owner.Int(target.account_id());
        RETURN_IF_ERROR(connection_.Run(sql::kEnsureAccount, owner).status());
        ASSIGN_OR_RETURN(found, connection_.Run(sql::kFindMailbox, params));
      }
      if (!found.empty()) {
        mailbox_id = found.Int(0, 0);
      } else if (target.delivery->mailbox_must_exist) {
        return NotFoundError("no such mailbox");
      }
    }
    places_.push_back({target, mailbox_id, &flags});
    return absl::OkStatus();
  }

  void SetResults() {
    for (auto place = places_.rbegin(); place != places_.rend(); ++place) {
      place->target.result() = {place->mailbox_id, static_cast<uint32_t>(place->uid),
                                static_cast<uint32_t>(place->uid_validity), false};
    }
  }

  void Add(const Place& place) {
    int64_t account_id = place.target.account_id();
    for (Totals* totals : {&accounts_[account_id], &mailboxes_[{account_id, place.mailbox_id}]}) {
      totals->n += 1;
      totals->unseen += HasFlag(*place.flags, "\\Seen") ? 0 : 1;
      totals->deleted += HasFlag(*place.flags, "\\Deleted") ? 1 : 0;
      totals->bytes += place.target.size();
      int64_t quota = place.target.recipient().quota_bytes;
      if (quota > 0) totals->quota = totals->quota == 0 ? quota : std::min(totals->quota, quota);
    }
  }

  BatchOutcome Reserve(absl::Status* error) {
    std::vector<Uuid> mail_ids;
    std::vector<int64_t> owners;
    for (const Target& target : targets_) {
      accounts_[target.account_id()];  // is locked even where no copy is stored
      mail_ids.push_back(target.delivery->mail_id);
      owners.push_back(target.account_id());
    }
    for (const Place& place : places_) Add(place);
    std::vector<int64_t> account, account_n, account_bytes;
    for (const auto& [id, totals] : accounts_) {
      account.push_back(id);
      account_n.push_back(totals.n);
      account_bytes.push_back(totals.bytes);
    }
    std::vector<int64_t> owner, mailbox, n, unseen, deleted, bytes;
    for (const auto& [key, totals] : mailboxes_) {
      owner.push_back(key.first);
      mailbox.push_back(key.second);
      n.push_back(totals.n);
      unseen.push_back(totals.unseen);
      deleted.push_back(totals.deleted);
      bytes.push_back(totals.bytes);
    }
    pg::Params none, delivered, accounts, mailboxes;
    delivered.Ids(mail_ids).Ints(owners);
    accounts.Ints(account).Ints(account_n).Ints(account_bytes);
    mailboxes.Ints(owner).Ints(mailbox).Ints(n).Ints(unseen).Ints(deleted).Ints(bytes);
    // The look for repeats comes after the locks: a repeat that runs beside the first one waits
    // there, and then sees it.
    std::vector<pg::Connection::Step> steps = {{&sql::kBegin, &none},
                                               {&sql::kReserveAccount, &accounts},
                                               {&sql::kFindDelivered, &delivered},
                                               {&sql::kReserveMailbox, &mailboxes}};
    pg::Params remembered;
    bool asks = AskForRemembered(&remembered);
    if (asks) steps.push_back({&sql::kFindRemembered, &remembered});
    if constexpr (kMutant == Mutant::kM5)
      steps.insert(steps.end(), {{&sql::kCommit, &none}, {&sql::kBegin, &none}});
    auto results = connection_.RunAll(steps);
    if (!results.ok()) {
      if (results.status().code() == absl::StatusCode::kAborted) return BatchOutcome::kRepeat;
      return Blame(results.status(), error);
    }
    BatchOutcome outcome = Judge((*results)[1], (*results)[2], (*results)[3], error);
    if (outcome != BatchOutcome::kDone) return outcome;
    return MarkStale((*results)[1], asks ? (*results)[4] : pg::Result()) ? BatchOutcome::kRepeat
                                                                         : BatchOutcome::kDone;
  }

  BatchOutcome LearnInboxes(absl::Status* error) {
    for (const auto& [key, totals] : mailboxes_) {
      if (key.second != inboxes_.Of(key.first)) continue;
      pg::Params name;
      name.Int(key.first).Text("INBOX");
      absl::StatusOr<pg::Result> found = connection_.Run(sql::kFindMailbox, name);
      if (!found.ok()) return Blame(found.status(), error);
      if (!found->empty() && found->Int(0, 0) != key.second)
        inboxes_.Learn(key.first, found->Int(0, 0));
    }
    return BatchOutcome::kRepeat;
  }

  BatchOutcome Judge(const pg::Result& accounts, const pg::Result& delivered,
                     const pg::Result& mailboxes, absl::Status* error) {
    if (MarkDuplicates(delivered)) return BatchOutcome::kRepeat;
    if (static_cast<size_t>(accounts.rows()) < accounts_.size()) {
      *error = NotFoundError("no such account");
      return MakeAccounts(error) ? BatchOutcome::kRepeat : BatchOutcome::kFailed;
    }
    if (static_cast<size_t>(mailboxes.rows()) < mailboxes_.size())
      return LearnInboxes(error);  // deleted just now, or renumbered
    for (int row = 0; row < accounts.rows(); ++row) {
      Totals& totals = accounts_[accounts.Int(row, 0)];
      if (totals.quota > 0 && accounts.Int(row, 2) > totals.quota) {
        return Blame(MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
                               "the mailbox is full"),
                     error);
      }
      next_modseq_[accounts.Int(row, 0)] = accounts.Int(row, 1) - totals.n + 1;
    }
    std::map<MailboxKey, int64_t> next_uid;
    for (int row = 0; row < mailboxes.rows(); ++row) {
      MailboxKey key{mailboxes.Int(row, 0), mailboxes.Int(row, 1)};
      if (mailboxes.Int(row, 2) > kLastUid) {
        return Blame(MakeError(absl::StatusCode::kResourceExhausted, Reason::kRateLimited,
                               "the mailbox has no UID left"),
                     error);
      }
      next_uid[key] = mailboxes.Int(row, 2) - mailboxes_[key].n;
      uid_validity_[key] = mailboxes.Int(row, 3);
    }
    for (Place& place : places_) {
      MailboxKey key{place.target.account_id(), place.mailbox_id};
      place.uid = next_uid[key]++;
      place.modseq = next_modseq_[key.first]++;
      place.uid_validity = uid_validity_[key];
    }
    return BatchOutcome::kDone;
  }

  // What scripts of this batch want nobody else to have remembered. False: nothing.
  bool AskForRemembered(pg::Params* params) {
    std::vector<int64_t> owners;
    std::vector<std::string_view> ids;
    for (const Target& target : targets_) {
      if (!target.script()) continue;
      for (const auto& remembered : target.script()->remembered) {
        owners.push_back(target.account_id());
        ids.push_back(remembered.id);
      }
    }
    params->Ints(owners).ByteArrays(ids);
    return !ids.empty();
  }

  // Deliveries whose scripts ran on what is no longer so. The accounts are locked: from here to
  // COMMIT nothing of it changes.
  bool MarkStale(const pg::Result& accounts, const pg::Result& remembered) {
    std::map<int64_t, uint64_t> generations;
    uint64_t domains = 0;
    for (int row = 0; row < accounts.rows(); ++row) {
      generations[accounts.Int(row, 0)] = static_cast<uint64_t>(accounts.Int(row, 3));
      domains = static_cast<uint64_t>(accounts.Int(row, 4));
    }
    std::set<std::pair<int64_t, std::string>> taken;
    for (int row = 0; row < remembered.rows(); ++row)
      taken.emplace(remembered.Int(row, 0), remembered.Text(row, 1));
    bool any = false;
    for (const Target& target : targets_) {
      uint64_t ran = target.script() ? target.script()->generation : 0;
      bool stale = target.delivery->runs_scripts && (generations[target.account_id()] != ran ||
                                                     domains != target.delivery->domain_generation);
      if (target.script()) {
        for (const auto& entry : target.script()->remembered) {
          // A second delivery of this batch that would remember the same comes too late as well.
          bool is_new = taken.emplace(target.account_id(), entry.id).second;
          stale = stale || (entry.must_be_new && !is_new);
        }
      }
      target.delivery->stale = target.delivery->stale || stale;
      any = any || stale;
    }
    return any;
  }

  bool MarkDuplicates(const pg::Result& delivered) {
    for (int row = 0; row < delivered.rows(); ++row) {
      for (const Target& target : targets_) {
        if (target.delivery->mail_id != delivered.Id(row, 0) ||
            target.account_id() != delivered.Int(row, 1))
          continue;
        target.result() = {delivered.Int(row, 2), static_cast<uint32_t>(delivered.Int(row, 3)), 0,
                           true};
      }
    }
    return !delivered.empty();
  }

  bool MakeAccounts(absl::Status* error) {
    connection_.Rollback();
    for (const auto& [id, totals] : accounts_) {
      auto made = connection_.Run(sql::kEnsureAccount, pg::Params().Int(id));
      if (!made.ok()) {
        *error = made.status();
        return false;
      }
    }
    return true;
  }

  absl::Status Insert() {
    pg::Params none, blobs, emails, messages, deliveries, remembered, outbox;
    FillBlobs(&blobs);
    FillEmails(&emails);
    FillMessages(&messages);
    FillDeliveries(&deliveries);
    std::vector<pg::Connection::Step> steps = {{&sql::kInsertBlobs, &blobs},
                                               {&sql::kInsertEmails, &emails},
                                               {&sql::kInsertMessages, &messages},
                                               {&sql::kInsertDeliveries, &deliveries}};
    if (FillRemembered(&remembered)) steps.push_back({&sql::kRemember, &remembered});
    if (FillOutbox(&outbox)) steps.push_back({&sql::kInsertOutbox, &outbox});
    steps.push_back({&sql::kCommit, &none});
    RETURN_IF_ERROR(Failpoint("mailbox.before_commit"));
    RETURN_IF_ERROR(connection_.RunAll(steps).status());
    return Failpoint("mailbox.after_commit");
  }

  // Content once for all who share it.
  void FillBlobs(pg::Params* params) {
    std::vector<Uuid> blob;
    std::vector<int64_t> size;
    std::vector<std::string_view> sha, content;
    std::vector<std::string> object;
    std::set<Uuid> seen;
    for (const Place& place : places_) {
      if (!seen.insert(place.target.blob_id()).second) continue;
      blob.push_back(place.target.blob_id());
      size.push_back(place.target.size());
      const PreparedEmail& email = place.target.email();
      sha.push_back(email.sha256);
      // Of what is kept outside the header alone.
      content.push_back(email.object.empty() ? email.content
                                             : email.content.substr(0, email.header_size));
      object.push_back(email.object);
    }
    params->Ids(blob).Ints(size).ByteArrays(sha).ByteArrays(content).Texts(object);
  }

  // Once for each recipient who has a copy.
  void FillEmails(pg::Params* params) {
    std::vector<int64_t> account, size, header_size;
    std::vector<Uuid> email, blob, thread;
    std::vector<absl::Time> date;
    std::vector<std::string_view> structure;
    for (size_t i = 0; i < places_.size(); ++i) {
      const Target& target = places_[i].target;
      if (i > 0 && SameTarget(places_[i - 1].target, target)) continue;
      account.push_back(target.account_id());
      email.push_back(target.delivery->mail_id);
      blob.push_back(target.blob_id());
      thread.push_back(target.email().thread_id);
      size.push_back(target.size());
      header_size.push_back(static_cast<int64_t>(target.email().header_size));
      date.push_back(target.delivery->internal_date);
      structure.push_back(target.email().structure);
    }
    params->Ints(account).Ids(email).Ids(blob).Ids(thread).Ints(size).Ints(header_size);
    params->Times(date).ByteArrays(structure);
  }

  void FillMessages(pg::Params* params) {
    std::vector<int64_t> account, mailbox, uid, modseq, size;
    std::vector<Uuid> email;
    std::vector<absl::Time> date;
    std::vector<std::string> flags;
    for (const Place& place : places_) {
      account.push_back(place.target.account_id());
      mailbox.push_back(place.mailbox_id);
      uid.push_back(place.uid);
      email.push_back(place.target.delivery->mail_id);
      modseq.push_back(place.modseq);
      size.push_back(place.target.size());
      date.push_back(place.target.delivery->internal_date);
      flags.push_back(*place.flags);
    }
    params->Ints(account).Ints(mailbox).Ints(uid).Ids(email).Ints(modseq).Ints(size);
    params->Times(date).Texts(flags);
  }

  // One row for each recipient, with his first copy: what a repeat finds.
  void FillDeliveries(pg::Params* params) {
    std::vector<Uuid> mail;
    std::vector<int64_t> account, mailbox, uid;
    std::vector<std::string> sender, recipient, events;
    size_t next = 0;  // places are in the order of their targets
    for (const Target& target : targets_) {
      bool stored = next < places_.size() && SameTarget(places_[next].target, target);
      mail.push_back(target.delivery->mail_id);
      account.push_back(target.account_id());
      mailbox.push_back(stored ? places_[next].mailbox_id : 0);
      uid.push_back(stored ? places_[next].uid : 0);
      sender.push_back(target.delivery->sender);
      recipient.push_back(target.recipient().address);
      // Serialized messages one after the other are their lists joined.
      events.push_back(target.index == 0 ? target.delivery->events : std::string());
      if (target.script()) events.back() += target.script()->events;
      while (next < places_.size() && SameTarget(places_[next].target, target)) ++next;
    }
    std::vector<std::string_view> event_bytes(events.begin(), events.end());
    params->Ids(mail).Ints(account).Ints(mailbox).Ints(uid).Texts(sender).Texts(recipient);
    params->ByteArrays(event_bytes);
  }

  bool FillRemembered(pg::Params* params) {
    std::vector<int64_t> account;
    std::vector<std::string_view> id;
    std::vector<absl::Time> expires;
    std::set<std::pair<int64_t, std::string_view>> seen;  // one row is written once a statement
    for (const Target& target : targets_) {
      if (!target.script()) continue;
      for (const auto& entry : target.script()->remembered) {
        if (!seen.emplace(target.account_id(), entry.id).second) continue;
        account.push_back(target.account_id());
        id.push_back(entry.id);
        expires.push_back(entry.expires);
      }
    }
    params->Ints(account).ByteArrays(id).Times(expires);
    return !id.empty();
  }

  bool FillOutbox(pg::Params* params) {
    std::vector<int64_t> account;
    std::vector<Uuid> id;
    std::vector<std::string_view> request;
    for (const Target& target : targets_) {
      if (!target.script()) continue;
      for (const auto& outgoing : target.script()->outgoing) {
        account.push_back(target.account_id());
        id.push_back(outgoing.id);
        request.push_back(outgoing.request);
      }
    }
    params->Ints(account).Ids(id).ByteArrays(request);
    return !id.empty();
  }

  static bool SameTarget(const Target& a, const Target& b) {
    return a.delivery == b.delivery && a.index == b.index;
  }

  pg::Connection& connection_;
  const std::vector<Delivery*>& deliveries_;
  Inboxes& inboxes_;
  std::vector<Target> targets_;
  std::vector<Place> places_;  // in the order of targets_
  std::map<int64_t, Totals> accounts_;
  std::map<MailboxKey, Totals> mailboxes_;
  std::map<int64_t, int64_t> next_modseq_;
  std::map<MailboxKey, int64_t> uid_validity_;
};

}  // namespace

BatchOutcome TryBatch(pg::Connection& connection, const std::vector<Delivery*>& batch,
                      Inboxes& inboxes, absl::Status* error) {
  return Batch(connection, batch, inboxes).Run(error);
}

}  // namespace pennypost::mailbox
