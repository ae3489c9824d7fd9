#include "base/reason.h"

namespace pennypost {
namespace {

struct Row {
  Reason reason;
  std::string_view name;
};
constexpr Row kRows[] = {
    {Reason::kNone, "NONE"},
    {Reason::kSyntax, "SYNTAX"},
    {Reason::kMailboxNotFound, "MAILBOX_NOT_FOUND"},
    {Reason::kMailboxExists, "MAILBOX_EXISTS"},
    {Reason::kRelayDenied, "RELAY_DENIED"},
    {Reason::kPolicy, "POLICY"},
    {Reason::kBadCredentials, "BAD_CREDENTIALS"},
    {Reason::kOverQuota, "OVER_QUOTA"},
    {Reason::kRateLimited, "RATE_LIMITED"},
    {Reason::kOverloaded, "OVERLOADED"},
    {Reason::kStorageFull, "STORAGE_FULL"},
    {Reason::kTooBig, "TOO_BIG"},
    {Reason::kBadSequence, "BAD_SEQUENCE"},
    {Reason::kHasChildren, "HAS_CHILDREN"},
    {Reason::kConflict, "CONFLICT"},
    {Reason::kBackendDown, "BACKEND_DOWN"},
    {Reason::kWriteUncertain, "WRITE_UNCERTAIN"},
    {Reason::kBug, "BUG"},
    {Reason::kCorrupt, "CORRUPT"},
};

}  // namespace

std::string_view ReasonName(Reason reason) {
  for (const Row& row : kRows) {
    if (row.reason == reason) return row.name;
  }
  return "NONE";
}

Reason ReasonFromName(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.reason;
  }
  return Reason::kNone;
}

}  // namespace pennypost
