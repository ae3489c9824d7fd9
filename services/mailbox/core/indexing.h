#pragma once
// Makes the search index of an account, step by step.

#include "services/mailbox/store/search_index.h"

namespace pennypost::mailbox {

struct IndexStep {
  size_t emails = 0;
  uint64_t bytes = 0;
  bool more = false;  // to be indexed, by a next step
};

struct IndexLimits {
  size_t emails = 500;               // in one step
  uint64_t bytes = 4 << 20;          // of contents in memory: more than this only if one is larger
  uint64_t most_content = 32 << 20;  // of one content: a larger one is not looked into
};

// Indexes some of what waits. Each part of it that is put stays; one that fails or dies is done
// again. Nothing where another process has the turn.
absl::StatusOr<IndexStep> IndexSome(SearchIndex& index, int64_t account_id,
                                    const IndexLimits& limits);

}  // namespace pennypost::mailbox
