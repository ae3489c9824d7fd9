#pragma once
// Mailbox names: modified UTF-7 on the wire of IMAP4rev1, UTF-8 everywhere else, "/" between
// levels.

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>

namespace pennypost::imap {

inline constexpr char kSeparator = '/';

// RFC 3501 5.1.3. Decode gives nothing for what no encoder writes (bad base64, encoded ASCII, lone
// surrogates).
std::string EncodeUtf7(std::string_view utf8);
std::optional<std::string> DecodeUtf7(std::string_view text);

// INBOX in upper case also as the first level (RFC 9051 5.1). Refuses what cannot be a name: not
// UTF-8, controls, empty levels, over 1,000 bytes.
absl::StatusOr<std::string> NormalizeMailbox(std::string_view utf8);

// From the wire of IMAP4rev1. A name that is no modified UTF-7 is taken as UTF-8: clients of today
// send it.
absl::StatusOr<std::string> MailboxFromUtf7(std::string_view text);

// RFC 2342: mailboxes of others stand below this, by the address of their owner.
inline constexpr std::string_view kOtherUsers = "Other Users";
// "Other Users/bob@example.org/Work" in its parts. `mailbox` is empty for the levels above.
struct OtherUsersName {
  std::string owner;
  std::string mailbox;
};
// nullopt for a name of one's own.
std::optional<OtherUsersName> SplitOtherUsers(std::string_view name);
std::string JoinOtherUsers(std::string_view owner, std::string_view mailbox);

// RFC 9051 6.3.9: "*" matches anything, "%" anything but the separator. INBOX without case. Linear
// in the product of the sizes, whatever the pattern.
bool MatchesPattern(std::string_view pattern, std::string_view name);

}  // namespace pennypost::imap
