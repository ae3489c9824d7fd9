#include "services/access/pop3/pop3_error.h"

#include <gtest/gtest.h>

namespace pennypost::access {
namespace {

TEST(Pop3Error, EveryCode) {
  using Code = absl::StatusCode;
  struct Row {
    Code code;
    Reason reason;
    std::string_view expected;
  } rows[] = {
      {Code::kInvalidArgument, Reason::kSyntax, ""},
      {Code::kInvalidArgument, Reason::kTooBig, ""},
      {Code::kOutOfRange, Reason::kNone, ""},
      {Code::kNotFound, Reason::kMailboxNotFound, ""},
      {Code::kAlreadyExists, Reason::kMailboxExists, ""},
      {Code::kPermissionDenied, Reason::kPolicy, ""},
      {Code::kPermissionDenied, Reason::kRelayDenied, ""},
      {Code::kUnauthenticated, Reason::kBadCredentials, "AUTH"},
      {Code::kResourceExhausted, Reason::kOverQuota, "SYS/TEMP"},
      {Code::kResourceExhausted, Reason::kRateLimited, "SYS/TEMP"},
      {Code::kResourceExhausted, Reason::kOverloaded, "SYS/TEMP"},
      {Code::kResourceExhausted, Reason::kStorageFull, "SYS/TEMP"},
      {Code::kFailedPrecondition, Reason::kBadSequence, ""},
      {Code::kFailedPrecondition, Reason::kHasChildren, ""},
      {Code::kAborted, Reason::kConflict, "IN-USE"},
      {Code::kUnavailable, Reason::kBackendDown, "SYS/TEMP"},
      {Code::kDeadlineExceeded, Reason::kNone, "SYS/TEMP"},
      {Code::kCancelled, Reason::kNone, "SYS/TEMP"},
      {Code::kUnknown, Reason::kWriteUncertain, "SYS/TEMP"},
      {Code::kInternal, Reason::kBug, "SYS/TEMP"},
      {Code::kUnimplemented, Reason::kNone, ""},
      {Code::kDataLoss, Reason::kCorrupt, "SYS/TEMP"},
      {static_cast<Code>(99), static_cast<Reason>(99), "SYS/TEMP"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Pop3Error(MakeError(row.code, row.reason, "x")).code, row.expected)
        << static_cast<int>(row.code);
  }
}

}  // namespace
}  // namespace pennypost::access
