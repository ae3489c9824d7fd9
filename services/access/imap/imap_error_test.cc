#include "services/access/imap/imap_error.h"

#include <gtest/gtest.h>

namespace pennypost::access {
namespace {

std::string Show(const imap::Result& result) {
  constexpr const char* kKinds[] = {"OK", "NO", "BAD"};
  return std::string(kKinds[static_cast<int>(result.kind)]) + " [" + result.code + "]";
}

TEST(ImapError, EveryCodeAndReason) {
  using Code = absl::StatusCode;
  struct Row {
    Code code;
    Reason reason;
    std::string_view expected;
  } rows[] = {
      {Code::kOk, Reason::kNone, "OK []"},
      {Code::kInvalidArgument, Reason::kSyntax, "BAD []"},
      {Code::kInvalidArgument, Reason::kTooBig, "NO [TOOBIG]"},
      {Code::kOutOfRange, Reason::kNone, "BAD []"},
      {Code::kNotFound, Reason::kMailboxNotFound, "NO [NONEXISTENT]"},
      {Code::kAlreadyExists, Reason::kMailboxExists, "NO [ALREADYEXISTS]"},
      {Code::kPermissionDenied, Reason::kPolicy, "NO [NOPERM]"},
      {Code::kPermissionDenied, Reason::kRelayDenied, "NO [NOPERM]"},
      {Code::kUnauthenticated, Reason::kBadCredentials, "NO [AUTHENTICATIONFAILED]"},
      {Code::kResourceExhausted, Reason::kOverQuota, "NO [OVERQUOTA]"},
      {Code::kResourceExhausted, Reason::kRateLimited, "NO [LIMIT]"},
      {Code::kResourceExhausted, Reason::kOverloaded, "NO [UNAVAILABLE]"},
      {Code::kResourceExhausted, Reason::kStorageFull, "NO [UNAVAILABLE]"},
      {Code::kResourceExhausted, Reason::kNone, "NO [UNAVAILABLE]"},
      {Code::kFailedPrecondition, Reason::kBadSequence, "NO [CLIENTBUG]"},
      {Code::kFailedPrecondition, Reason::kHasChildren, "NO [HASCHILDREN]"},
      {Code::kAborted, Reason::kConflict, "NO [INUSE]"},
      {Code::kUnavailable, Reason::kBackendDown, "NO [UNAVAILABLE]"},
      {Code::kDeadlineExceeded, Reason::kNone, "NO [UNAVAILABLE]"},
      {Code::kCancelled, Reason::kNone, "NO [UNAVAILABLE]"},
      {Code::kUnknown, Reason::kWriteUncertain, "NO [UNAVAILABLE]"},
      {Code::kInternal, Reason::kBug, "NO [UNAVAILABLE]"},
      {Code::kUnimplemented, Reason::kNone, "BAD []"},
      {Code::kDataLoss, Reason::kCorrupt, "NO [SERVERBUG]"},
      {static_cast<Code>(99), static_cast<Reason>(99), "NO [UNAVAILABLE]"},
  };
  for (const Row& row : rows) {
    absl::Status status =
        row.code == Code::kOk ? absl::OkStatus() : MakeError(row.code, row.reason, "x");
    EXPECT_EQ(Show(ImapError(status)), row.expected) << static_cast<int>(row.code);
  }
  EXPECT_EQ(Show(ImapError(NotFoundError("x"), MissingMailbox::kTryCreate)), "NO [TRYCREATE]");
}

TEST(ImapError, TextStaysOnItsLine) {
  EXPECT_EQ(ImapError(PolicyError("a\r\n* BYE [x]")).text, "a  * BYE  x ");
}

}  // namespace
}  // namespace pennypost::access
