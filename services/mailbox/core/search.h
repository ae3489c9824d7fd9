#pragma once
// SEARCH (RFC 9051 6.4.4) over the messages of a mailbox. What the rows know is asked first;
// then the search index; headers and contents are loaded in small steps, and only for messages that
// these leave open.

#include <absl/time/time.h>

#include <functional>
#include <vector>

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

// How the search loads what rows do not hold.
using Loader = std::function<absl::StatusOr<std::vector<MessageContent>>(
    const std::vector<uint32_t>& uids, Store::Want)>;

// UIDs of the messages that may hold words of these grams; the others certainly do not.
using Narrower =
    std::function<absl::StatusOr<std::vector<uint32_t>>(const std::vector<search::Gram>& grams)>;

// The same result with and without a Narrower, which spares reading messages. InvalidArgument for a
// key deeper than 50 or with more than 1,000 nodes.
absl::StatusOr<std::vector<MessageRow>> Search(const v1::SearchKey& key,
                                               const std::vector<MessageRow>& rows, absl::Time now,
                                               const Loader& load,
                                               const Narrower& may_hold = nullptr);

// Days since 1970-01-01 of a Date field as written, without its time zone (RFC 9051 6.4.4
// SENTBEFORE); nothing for what is no date.
std::optional<int32_t> SentDay(std::string_view date);

}  // namespace pennypost::mailbox
