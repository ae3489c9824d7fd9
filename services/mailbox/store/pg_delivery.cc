#include "services/mailbox/store/pg_delivery.h"

#include "mailbox_sql.h"
#include "services/mailbox/core/flags.h"

namespace pennypost::mailbox {
namespace {

constexpr int64_t kInboxId = 1;
constexpr int64_t kLastUid = 4'294'967'000;  // a little below 2^32: IMAP has no UID after that

// One recipient of one delivery: a row to be.
struct Place {
  Delivery* delivery;
  size_t index;  // in recipients and results
  int64_t mailbox_id;
  int64_t uid = 0;
  int64_t modseq = 0;

  const Delivery::Recipient& recipient() const { return delivery->recipients[index]; }
  Delivery::Result& result() const { return delivery->results[index]; }
  int64_t size() const { return static_cast<int64_t>(delivery->email.content.size()); }
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
  Batch(pg::Connection& connection, const std::vector<Delivery*>& deliveries)
      : connection_(connection), deliveries_(deliveries) {}

  BatchOutcome Run(absl::Status* error) {
    absl::Status status = FindPlaces();
    if (!status.ok()) return Blame(status, error);
    if (places_.empty()) return BatchOutcome::kDone;
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
    for (const Place& place : places_) {
      place.result().mailbox_id = place.mailbox_id;
      place.result().uid = static_cast<uint32_t>(place.uid);
    }
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

  // Where each recipient's copy goes. INBOX has a fixed id; other names are looked up.
  absl::Status FindPlaces() {
    for (Delivery* delivery : deliveries_) {
      delivery->results.resize(delivery->recipients.size());
      for (size_t i = 0; i < delivery->recipients.size(); ++i) {
        if (delivery->results[i].duplicate) continue;
        const auto& recipient = delivery->recipients[i];
        int64_t mailbox_id = kInboxId;
        if (recipient.mailbox != "INBOX") {
          pg::Params params;
          params.Int(recipient.account_id).Text(recipient.mailbox);
          ASSIGN_OR_RETURN(pg::Result found, connection_.Run(sql::kFindMailbox, params));
          if (!found.empty()) {
            mailbox_id = found.Int(0, 0);
          } else if (delivery->mailbox_must_exist) {
            return NotFoundError("no such mailbox");
          }
        }
        places_.push_back({delivery, i, mailbox_id});
      }
    }
    return absl::OkStatus();
  }

  void Add(const Place& place) {
    const std::string& flags = place.recipient().flags;
    for (Totals* totals : {&accounts_[place.recipient().account_id],
                           &mailboxes_[{place.recipient().account_id, place.mailbox_id}]}) {
      totals->n += 1;
      totals->unseen += HasFlag(flags, "\\Seen") ? 0 : 1;
      totals->deleted += HasFlag(flags, "\\Deleted") ? 1 : 0;
      totals->bytes += place.size();
      int64_t quota = place.recipient().quota_bytes;
      if (quota > 0) totals->quota = totals->quota == 0 ? quota : std::min(totals->quota, quota);
    }
  }

  BatchOutcome Reserve(absl::Status* error) {
    std::vector<Uuid> mail_ids;
    std::vector<int64_t> owners;
    for (const Place& place : places_) {
      Add(place);
      mail_ids.push_back(place.delivery->mail_id);
      owners.push_back(place.recipient().account_id);
    }
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
    auto results = connection_.RunAll({{&sql::kBegin, &none},
                                       {&sql::kReserveAccount, &accounts},
                                       {&sql::kFindDelivered, &delivered},
                                       {&sql::kReserveMailbox, &mailboxes}});
    if (!results.ok()) {
      if (results.status().code() == absl::StatusCode::kAborted) return BatchOutcome::kRepeat;
      return Blame(results.status(), error);
    }
    return Judge((*results)[1], (*results)[2], (*results)[3], error);
  }

  BatchOutcome Judge(const pg::Result& accounts, const pg::Result& delivered,
                     const pg::Result& mailboxes, absl::Status* error) {
    if (MarkDuplicates(delivered)) return BatchOutcome::kRepeat;
    if (static_cast<size_t>(accounts.rows()) < accounts_.size()) {
      *error = NotFoundError("no such account");
      return MakeAccounts(error) ? BatchOutcome::kRepeat : BatchOutcome::kFailed;
    }
    if (static_cast<size_t>(mailboxes.rows()) < mailboxes_.size())
      return BatchOutcome::kRepeat;  // deleted just now
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
        return Blame(MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
                               "the mailbox has no UID left"),
                     error);
      }
      next_uid[key] = mailboxes.Int(row, 2) - mailboxes_[key].n;
      uid_validity_[key] = mailboxes.Int(row, 3);
    }
    for (Place& place : places_) {
      MailboxKey key{place.recipient().account_id, place.mailbox_id};
      place.uid = next_uid[key]++;
      place.modseq = next_modseq_[key.first]++;
      place.result().uid_validity = static_cast<uint32_t>(uid_validity_[key]);
    }
    return BatchOutcome::kDone;
  }

  bool MarkDuplicates(const pg::Result& delivered) {
    for (int row = 0; row < delivered.rows(); ++row) {
      for (const Place& place : places_) {
        if (place.delivery->mail_id != delivered.Id(row, 0) ||
            place.recipient().account_id != delivered.Int(row, 1))
          continue;
        place.result() = {delivered.Int(row, 2), static_cast<uint32_t>(delivered.Int(row, 3)), 0,
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
    std::vector<Uuid> blob;
    std::vector<int64_t> blob_size;
    std::vector<std::string_view> sha, content;
    for (const Delivery* delivery : deliveries_) {
      bool stored_here = false;
      for (const Place& place : places_) stored_here = stored_here || place.delivery == delivery;
      if (!stored_here) continue;
      blob.push_back(delivery->mail_id);
      blob_size.push_back(static_cast<int64_t>(delivery->email.content.size()));
      sha.push_back(delivery->email.sha256);
      content.push_back(delivery->email.content);
    }
    std::vector<int64_t> account, mailbox, uid, modseq, size, header_size;
    std::vector<Uuid> email, thread;
    std::vector<absl::Time> date;
    std::vector<std::string> flags, sender, recipient;
    std::vector<std::string_view> structure, events;
    for (const Place& place : places_) {
      const Delivery& delivery = *place.delivery;
      account.push_back(place.recipient().account_id);
      mailbox.push_back(place.mailbox_id);
      uid.push_back(place.uid);
      modseq.push_back(place.modseq);
      size.push_back(place.size());
      header_size.push_back(static_cast<int64_t>(delivery.email.header_size));
      email.push_back(delivery.mail_id);
      thread.push_back(delivery.email.thread_id);
      date.push_back(delivery.internal_date);
      flags.push_back(place.recipient().flags);
      sender.push_back(delivery.sender);
      recipient.push_back(place.recipient().address);
      structure.push_back(delivery.email.structure);
      events.push_back(place.index == 0 ? std::string_view(delivery.events) : std::string_view());
    }
    pg::Params none, blobs, emails, messages, deliveries;
    blobs.Ids(blob).Ints(blob_size).ByteArrays(sha).ByteArrays(content);
    emails.Ints(account)
        .Ids(email)
        .Ids(email)
        .Ids(thread)
        .Ints(size)
        .Ints(header_size)
        .Times(date)
        .ByteArrays(structure);
    messages.Ints(account)
        .Ints(mailbox)
        .Ints(uid)
        .Ids(email)
        .Ints(modseq)
        .Ints(size)
        .Times(date)
        .Texts(flags);
    deliveries.Ids(email)
        .Ints(account)
        .Ints(mailbox)
        .Ints(uid)
        .Texts(sender)
        .Texts(recipient)
        .ByteArrays(events);
    return connection_
        .RunAll({{&sql::kInsertBlobs, &blobs},
                 {&sql::kInsertEmails, &emails},
                 {&sql::kInsertMessages, &messages},
                 {&sql::kInsertDeliveries, &deliveries},
                 {&sql::kCommit, &none}})
        .status();
  }

  pg::Connection& connection_;
  const std::vector<Delivery*>& deliveries_;
  std::vector<Place> places_;
  std::map<int64_t, Totals> accounts_;
  std::map<MailboxKey, Totals> mailboxes_;
  std::map<int64_t, int64_t> next_modseq_;
  std::map<MailboxKey, int64_t> uid_validity_;
};

}  // namespace

BatchOutcome TryBatch(pg::Connection& connection, const std::vector<Delivery*>& batch,
                      absl::Status* error) {
  return Batch(connection, batch).Run(error);
}

}  // namespace pennypost::mailbox
