// The search index in PostgreSQL.

#include "mailbox_sql.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

// From this share of its account on, a mailbox is searched with the account's signatures in the
// order of their key: reading one by its message costs about as much as reading so many in order.
constexpr int64_t kWorthOne = 6;

}  // namespace

absl::StatusOr<std::vector<uint32_t>> PgStore::MayHold(int64_t account_id, int64_t mailbox_id,
                                                       size_t messages,
                                                       const std::vector<search::Gram>& grams) {
  ASSIGN_OR_RETURN(pg::Result state, pool_.Run(sql::kSearchState, pg::Params().Int(account_id)));
  int64_t of_account = state.empty() ? 0 : state.Int(0, 0);
  bool in_order = static_cast<int64_t>(messages) * kWorthOne >= of_account;
  pg::Params params;
  params.Int(account_id).Int(mailbox_id).Int(search::kFormat);
  for (size_t i = 0; i < search::kMostGrams; ++i) params.Int(grams.at(i % grams.size()));
  ASSIGN_OR_RETURN(pg::Result found,
                   pool_.Run(in_order ? sql::kSearchAccount : sql::kSearchMailbox, params));
  std::vector<uint32_t> uids;
  uids.reserve(static_cast<size_t>(found.rows()));
  for (int row = 0; row < found.rows(); ++row)
    uids.push_back(static_cast<uint32_t>(found.Int(row, 0)));
  return uids;
}

absl::StatusOr<std::optional<IndexTurn>> PgStore::StartIndexing(int64_t account_id, size_t limit) {
  ASSIGN_OR_RETURN(pg::Result taken, pool_.Run(sql::kStartIndexing, pg::Params().Int(account_id)));
  if (taken.empty()) return std::nullopt;
  IndexTurn turn;
  turn.turn = taken.Int(0, 0);
  int64_t indexed = taken.Int(0, 1);
  // First the MODSEQ, then the messages: every change up to it was committed by then, since
  // MODSEQs are taken under the account's lock. What changes in between gets a larger one.
  ASSIGN_OR_RETURN(auto modseqs, GetModseqs({account_id}));
  turn.upto = modseqs[account_id];
  pg::Params params;
  params.Int(account_id).Int(indexed).Int(static_cast<int64_t>(turn.upto));
  params.Int(static_cast<int64_t>(limit));
  ASSIGN_OR_RETURN(pg::Result found, pool_.Run(sql::kFindUnindexedEmails, params));
  std::unordered_set<std::string> seen;  // copies share an email
  for (int row = 0; row < found.rows(); ++row) {
    Uuid email = found.Id(row, 0);
    if (seen.insert(email.ToString()).second)
      turn.emails.push_back({email, static_cast<uint64_t>(found.Int(row, 1))});
  }
  turn.more = static_cast<size_t>(found.rows()) == limit;
  // Others of the last one's MODSEQ may wait.
  if (turn.more) turn.upto = static_cast<uint64_t>(found.Int(found.rows() - 1, 2)) - 1;
  return turn;
}

absl::StatusOr<std::vector<EmailContent>> PgStore::LoadEmails(int64_t account_id,
                                                              const std::vector<Uuid>& emails) {
  ASSIGN_OR_RETURN(pg::Result found,
                   pool_.Run(sql::kLoadEmails, pg::Params().Int(account_id).Ids(emails)));
  std::vector<EmailContent> out;
  for (int row = 0; row < found.rows(); ++row) {
    std::string content = found.Text(row, 1);
    if (!found.Bytes(row, 3).empty()) {
      auto outside = GetOutside(found.Text(row, 3));
      if (!outside.ok() && outside.status().code() != absl::StatusCode::kDataLoss)
        return outside.status();
      content = std::move(outside).value_or("");
    }
    bool intact = Sha256(content) == found.Bytes(row, 2);
    out.push_back(
        {found.Id(row, 0), intact ? std::optional<std::string>(std::move(content)) : std::nullopt});
  }
  return out;
}

absl::Status PgStore::PutSignatures(int64_t account_id,
                                    const std::vector<EmailSignatures>& emails) {
  std::vector<Uuid> ids;
  std::vector<int64_t> blocks;
  std::vector<std::string_view> signatures;
  for (const EmailSignatures& email : emails) {
    for (size_t block = 0; block < email.signatures.size(); ++block) {
      ids.push_back(email.email_id);
      blocks.push_back(static_cast<int64_t>(block));
      signatures.push_back(email.signatures[block]);
    }
  }
  if (ids.empty()) return absl::OkStatus();
  pg::Params params;
  params.Int(account_id).Int(search::kFormat).Ids(ids).Ints(blocks).ByteArrays(signatures);
  return pool_.Run(sql::kInsertSignatures, params).status();
}

absl::Status PgStore::FinishIndexing(int64_t account_id, const IndexTurn& turn, bool done) {
  pg::Params params;
  params.Int(account_id).Int(turn.turn).Int(done ? static_cast<int64_t>(turn.upto) : 0);
  return pool_.Run(sql::kFinishIndexing, params).status();
}

absl::StatusOr<UnindexedStep> PgStore::FindUnindexed(int64_t after, size_t limit) {
  pg::Params params;
  params.Int(after).Int(static_cast<int64_t>(limit)).Int(UnindexedStep::kMostCounted);
  ASSIGN_OR_RETURN(pg::Result found, pool_.Run(sql::kFindUnindexedAccounts, params));
  UnindexedStep step;
  step.last = after;
  step.at_end = static_cast<size_t>(found.rows()) < limit;
  for (int row = 0; row < found.rows(); ++row) {
    step.last = found.Int(row, 0);
    if (found.Int(row, 1) > 0)
      step.accounts.push_back({step.last, static_cast<uint64_t>(found.Int(row, 1))});
  }
  return step;
}

absl::Status PgStore::ForgetSignatures(int64_t account_id) {
  return pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    pg::Params account;
    account.Int(account_id);
    RETURN_IF_ERROR(connection.Run(sql::kForgetIndexed, account).status());
    return connection.Run(sql::kForgetSignatures, account).status();
  });
}

}  // namespace pennypost::mailbox
