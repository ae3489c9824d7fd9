#pragma once
// SORT (RFC 5256, RFC 5957): messages in an order of the client's choice. What rows do not hold is
// read from the stored structures, some hundred messages at a time.

#include <vector>

#include "services/mailbox/core/search.h"

namespace pennypost::mailbox {

using SortKeys = google::protobuf::RepeatedPtrField<v1::SortKey>;

// InvalidArgument for no key, an unknown one or more than 20. Messages that are gone meanwhile are
// left out.
absl::StatusOr<std::vector<MessageRow>> SortMessages(const std::vector<MessageRow>& rows,
                                                     const SortKeys& keys, const Loader& load);

// RFC 5256 2.2: the Date field in UTC; without a time, midnight; without either, INTERNALDATE.
absl::Time SentTime(std::string_view date, absl::Time internal_date);

}  // namespace pennypost::mailbox
