#pragma once
// What a submitted message needs before it may leave (RFC 6409 8), and the addresses it claims to
// be from (S6).

#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "mail/header.h"

namespace pennypost::ingress {

// Every address of From and Sender, canonical. An error for a message without exactly one From
// field, for one that names nobody, and for an address that is none: whoever cannot be checked may
// not pass.
absl::StatusOr<std::vector<std::string>> AuthorsOf(const mail::HeaderBlock& header);

struct SubmissionFixes {
  absl::Time now;
  std::string_view mail_id;
  std::string_view hostname;
};
// The message with Date and Message-ID added where they are missing, and without Bcc.
std::string FixSubmission(std::string message, const mail::HeaderBlock& header,
                          const SubmissionFixes& fixes);

}  // namespace pennypost::ingress
