#include "services/access/managesieve/managesieve_error.h"

#include <gtest/gtest.h>

namespace pennypost::access {
namespace {

TEST(ManageSieveError, EveryCode) {
  using Code = absl::StatusCode;
  struct Row {
    Code code;
    Reason reason;
    std::string_view expected;
  } rows[] = {
      {Code::kInvalidArgument, Reason::kSyntax, ""},
      {Code::kInvalidArgument, Reason::kTooBig, "QUOTA/MAXSIZE"},
      {Code::kOutOfRange, Reason::kNone, ""},
      {Code::kNotFound, Reason::kMailboxNotFound, "NONEXISTENT"},
      {Code::kAlreadyExists, Reason::kMailboxExists, "ALREADYEXISTS"},
      {Code::kPermissionDenied, Reason::kPolicy, ""},
      {Code::kPermissionDenied, Reason::kRelayDenied, ""},
      {Code::kUnauthenticated, Reason::kBadCredentials, ""},
      {Code::kResourceExhausted, Reason::kOverQuota, "QUOTA/MAXSCRIPTS"},
      {Code::kResourceExhausted, Reason::kRateLimited, "TRYLATER"},
      {Code::kResourceExhausted, Reason::kOverloaded, "TRYLATER"},
      {Code::kResourceExhausted, Reason::kStorageFull, "TRYLATER"},
      {Code::kFailedPrecondition, Reason::kBadSequence, "ACTIVE"},
      {Code::kFailedPrecondition, Reason::kHasChildren, "ACTIVE"},
      {Code::kAborted, Reason::kConflict, "TRYLATER"},
      {Code::kUnavailable, Reason::kBackendDown, "TRYLATER"},
      {Code::kDeadlineExceeded, Reason::kNone, "TRYLATER"},
      {Code::kCancelled, Reason::kNone, "TRYLATER"},
      {Code::kUnknown, Reason::kWriteUncertain, "TRYLATER"},
      {Code::kInternal, Reason::kBug, "TRYLATER"},
      {Code::kUnimplemented, Reason::kNone, ""},
      {Code::kDataLoss, Reason::kCorrupt, "TRYLATER"},
      {static_cast<Code>(99), static_cast<Reason>(99), "TRYLATER"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ManageSieveError(MakeError(row.code, row.reason, "x")).code, row.expected)
        << static_cast<int>(row.code);
  }
}

TEST(ManageSieveError, LinesStayLines) {
  EXPECT_EQ(ManageSieveError(SyntaxError("line 1: a\nline 2: b\r")).text, "line 1: a\r\nline 2: b");
  EXPECT_EQ(ManageSieveError(UnavailableError("pg: secret")).text, "Temporarily unavailable");
}

}  // namespace
}  // namespace pennypost::access
