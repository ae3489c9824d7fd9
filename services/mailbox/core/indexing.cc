#include "services/mailbox/core/indexing.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/status.h"

namespace pennypost::mailbox {
namespace {

absl::Status IndexThese(SearchIndex& index, int64_t account_id, const std::vector<Uuid>& ids,
                        std::vector<EmailSignatures> put) {
  if (!ids.empty()) {
    ASSIGN_OR_RETURN(auto contents, index.LoadEmails(account_id, ids));
    for (const EmailContent& email : contents) {
      // What is damaged may hold anything: the search that reads it tells.
      put.push_back({email.email_id, email.content ? search::Signatures(*email.content)
                                                   : std::vector{search::Anything()}});
    }
  }
  // In one order: who lost the turn and does not know it yet must not lock crosswise with the next.
  std::sort(put.begin(), put.end(),
            [](const auto& a, const auto& b) { return a.email_id < b.email_id; });
  return put.empty() ? absl::OkStatus() : index.PutSignatures(account_id, put);
}

absl::Status IndexAll(SearchIndex& index, int64_t account_id, const IndexTurn& turn,
                      const IndexLimits& limits, IndexStep* step) {
  for (size_t at = 0; at < turn.emails.size();) {
    std::vector<Uuid> ids;
    std::vector<EmailSignatures> unread;
    uint64_t bytes = 0;
    for (; at < turn.emails.size(); ++at) {
      const IndexTurn::Email& email = turn.emails[at];
      if (email.size > limits.most_content) {
        unread.push_back({email.email_id, {search::Anything()}});
        continue;
      }
      if (!ids.empty() && bytes + email.size > limits.bytes) break;
      ids.push_back(email.email_id);
      bytes += email.size;
    }
    RETURN_IF_ERROR(IndexThese(index, account_id, ids, std::move(unread)));
    step->bytes += bytes;
    RETURN_IF_ERROR(Failpoint("mailbox.indexed_some"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<IndexStep> IndexSome(SearchIndex& index, int64_t account_id,
                                    const IndexLimits& limits) {
  IndexStep step;
  ASSIGN_OR_RETURN(auto turn, index.StartIndexing(account_id, limits.emails));
  if (!turn) return step;
  absl::Status indexed = IndexAll(index, account_id, *turn, limits, &step);
  RETURN_IF_ERROR(index.FinishIndexing(account_id, *turn, indexed.ok()));
  RETURN_IF_ERROR(indexed);
  step.emails = turn->emails.size();
  step.more = turn->more;
  return step;
}

}  // namespace pennypost::mailbox
