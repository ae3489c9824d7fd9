#pragma once
// Flags of a message as one text: sorted, each once, joined by spaces. System flags have one
// spelling ("\Seen"); keywords keep the case of their first writer and are compared without it (RFC
// 9051 2.3.2).

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "mail/rights.h"

namespace pennypost::mailbox {

// InvalidArgument for what is no flag, for \Recent (which nobody sets) and for more than 100 of
// them.
absl::StatusOr<std::string> JoinFlags(const std::vector<std::string>& flags);
std::vector<std::string> SplitFlags(std::string_view joined);

std::string AddFlags(std::string_view joined, std::string_view more);
std::string RemoveFlags(std::string_view joined, std::string_view less);
bool HasFlag(std::string_view joined, std::string_view flag);
// What becomes of flags where somebody with such rights wants others (RFC 4314 4): "s" changes
// \Seen, "t" \Deleted and "w" all others.
std::string ChangeWithRights(const std::string& before, const std::string& after,
                             mail::Rights rights);

}  // namespace pennypost::mailbox
