#include "services/mailbox/message_index.h"

#include <unordered_map>

#include "services/mailbox/core/flags.h"

namespace pennypost::mailbox {

void ToIndex(const std::vector<MessageRow>& rows, v1::MessageIndex* index) {
  auto count = static_cast<int>(rows.size());
  index->mutable_uids()->Reserve(count);
  index->mutable_modseqs()->Reserve(count);
  index->mutable_sizes()->Reserve(count);
  index->mutable_internal_dates()->Reserve(count);
  index->mutable_flags()->Reserve(count);
  std::unordered_map<std::string_view, uint32_t> known;
  for (const MessageRow& row : rows) {
    index->add_uids(row.uid);
    index->add_modseqs(row.modseq);
    index->add_sizes(static_cast<uint32_t>(row.size));
    index->add_internal_dates(absl::ToUnixSeconds(row.internal_date));
    auto [it, is_new] = known.emplace(row.flags, static_cast<uint32_t>(known.size()));
    if (is_new) {
      v1::FlagSet* set = index->add_flag_sets();
      for (std::string& flag : SplitFlags(row.flags)) set->add_flags(std::move(flag));
    }
    index->add_flags(it->second);
  }
}

}  // namespace pennypost::mailbox
