#pragma once
// Why something failed, for programs. Every absl::Status that crosses a service border carries one.
// The edges turn (code, reason) into an SMTP reply, an IMAP response code, a POP3 answer or an HTTP
// status: one mapper an edge, each with a table test over every value here.

#include <string_view>

namespace pennypost {

enum class Reason {
  kNone = 0,
  kSyntax,           // InvalidArgument: the caller's words are malformed
  kMailboxNotFound,  // NotFound: no such address, account or folder
  kMailboxExists,    // AlreadyExists
  kRelayDenied,      // PermissionDenied: not our domain and no authentication
  kPolicy,           // PermissionDenied: a rule of ours says no
  kBadCredentials,   // Unauthenticated
  kOverQuota,        // ResourceExhausted: the user's quota
  kRateLimited,      // ResourceExhausted: too much from this peer or user
  kOverloaded,       // ResourceExhausted: a queue of ours is full
  kStorageFull,      // ResourceExhausted: our disk
  kTooBig,           // InvalidArgument: over a size limit
  kBadSequence,      // FailedPrecondition: a command out of order
  kHasChildren,      // FailedPrecondition: a folder with children
  kConflict,         // Aborted: somebody else changed it
  kBackendDown,      // Unavailable, DeadlineExceeded, Cancelled
  kWriteUncertain,   // Unknown: it is not known whether it was written; retry with the same
                     // request_id
  kBug,              // Internal
  kCorrupt,          // DataLoss: stored bytes do not match their checksum
};

// Stable upper-case name, as in logs and gRPC error details: "MAILBOX_NOT_FOUND".
std::string_view ReasonName(Reason reason);
// The inverse; kNone for what is not known.
Reason ReasonFromName(std::string_view name);

}  // namespace pennypost
