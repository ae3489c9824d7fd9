#pragma once
#include <vector>

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

// Rows as parallel arrays; each combination of flags is written once.
void ToIndex(const std::vector<MessageRow>& rows, v1::MessageIndex* index);

}  // namespace pennypost::mailbox
