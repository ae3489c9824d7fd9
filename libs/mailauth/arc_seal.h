#pragma once
// Sealing (RFC 8617 5.1): the set of ARC fields that says what we found and signs it with all sets
// before.

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/arc_chain.h"
#include "mailauth/dkim_key.h"

namespace pennypost::mailauth {

struct ArcSealOptions {
  std::string authserv_id;  // whose Authentication-Results fields are taken over
  std::string domain;       // d=
  std::string selector;     // s=
  int64_t unix_seconds = 0;
  std::vector<std::string> names;  // fields that the message signature covers; From among them
};

// Values of the three fields, folded, without name and last line end. All empty where the chain
// takes no further set: it is broken and says so already, or full (RFC 8617 5.1, 4.2.1).
struct ArcFields {
  std::string results, message_signature, seal;
};

// `chain` is what the message's chain was worth when it came in: before anything was changed.
// InvalidArgument where the options make no set.
absl::StatusOr<ArcFields> ArcSeal(std::string_view message, ArcStatus chain,
                                  const DkimPrivateKey& key, const ArcSealOptions& options);

// The worth of the chain as the message's own Authentication-Results of `authserv_id` have it.
std::optional<ArcStatus> RecordedArcStatus(const mail::HeaderBlock& block,
                                           std::string_view authserv_id);

}  // namespace pennypost::mailauth
