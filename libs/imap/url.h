#pragma once
// URLs of messages and their parts, as CATENATE takes them (RFC 5092, RFC 4469 3): relative to the
// session's own server and user.

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "imap/command.h"

namespace pennypost::imap {

struct MessageUrl {
  std::string mailbox;  // empty: the selected one
  std::optional<uint32_t> uid_validity;
  uint32_t uid = 0;
  Section section;
  // Offset and length; no length: to the end.
  std::optional<std::pair<uint64_t, std::optional<uint64_t>>> partial;
  bool operator==(const MessageUrl&) const = default;
};

// "/Drafts;UIDVALIDITY=1/;UID=2/;SECTION=1.MIME/;PARTIAL=0.100", or without the mailbox ";UID=2".
// Other servers, other users, searches and URLAUTH are refused.
absl::StatusOr<MessageUrl> ParseMessageUrl(std::string_view url);

// The URL as a response code may hold it (RFC 4469 5 url-resp-text).
std::string UrlForResponse(std::string_view url);

}  // namespace pennypost::imap
