#include "services/ingress/smtp_error.h"

#include <gtest/gtest.h>

namespace pennypost::ingress {
namespace {

using absl::StatusCode;

struct Row {
  StatusCode code;
  Reason reason;
  At at;
  std::string_view reply;
};

TEST(SmtpError, TableOfHouse) {
  const Row kRows[] = {
      {StatusCode::kInvalidArgument, Reason::kSyntax, At::kCommand, "501 5.5.4"},
      {StatusCode::kInvalidArgument, Reason::kSyntax, At::kAddress, "501 5.1.3"},
      {StatusCode::kInvalidArgument, Reason::kTooBig, At::kCommand, "552 5.3.4"},
      {StatusCode::kOutOfRange, Reason::kSyntax, At::kCommand, "501 5.5.4"},
      {StatusCode::kNotFound, Reason::kMailboxNotFound, At::kAddress, "550 5.1.1"},
      {StatusCode::kAlreadyExists, Reason::kMailboxExists, At::kCommand, "451 4.3.0"},
      {StatusCode::kPermissionDenied, Reason::kRelayDenied, At::kAddress, "550 5.7.1"},
      {StatusCode::kPermissionDenied, Reason::kPolicy, At::kCommand, "550 5.7.1"},
      {StatusCode::kUnauthenticated, Reason::kBadCredentials, At::kLogin, "535 5.7.8"},
      {StatusCode::kUnauthenticated, Reason::kBadCredentials, At::kCommand, "530 5.7.0"},
      {StatusCode::kResourceExhausted, Reason::kOverQuota, At::kAddress, "452 4.2.2"},
      {StatusCode::kResourceExhausted, Reason::kRateLimited, At::kCommand, "450 4.7.1"},
      {StatusCode::kResourceExhausted, Reason::kRateLimited, At::kLogin, "454 4.7.0"},
      {StatusCode::kResourceExhausted, Reason::kOverloaded, At::kCommand, "451 4.3.2"},
      {StatusCode::kResourceExhausted, Reason::kOverloaded, At::kLogin, "454 4.7.0"},
      {StatusCode::kResourceExhausted, Reason::kStorageFull, At::kCommand, "452 4.3.1"},
      {StatusCode::kFailedPrecondition, Reason::kBadSequence, At::kCommand, "503 5.5.1"},
      {StatusCode::kFailedPrecondition, Reason::kHasChildren, At::kCommand, "503 5.5.1"},
      {StatusCode::kAborted, Reason::kConflict, At::kCommand, "451 4.3.0"},
      {StatusCode::kUnavailable, Reason::kBackendDown, At::kAddress, "451 4.3.0"},
      {StatusCode::kUnavailable, Reason::kBackendDown, At::kLogin, "454 4.7.0"},
      {StatusCode::kDeadlineExceeded, Reason::kBackendDown, At::kLogin, "454 4.7.0"},
      {StatusCode::kCancelled, Reason::kBackendDown, At::kCommand, "451 4.3.0"},
      {StatusCode::kUnimplemented, Reason::kBug, At::kCommand, "451 4.3.0"},
      {StatusCode::kUnknown, Reason::kWriteUncertain, At::kCommand, "451 4.3.0"},
      {StatusCode::kInternal, Reason::kBug, At::kCommand, "451 4.3.0"},
      {StatusCode::kDataLoss, Reason::kCorrupt, At::kCommand, "451 4.3.0"},
  };
  for (const Row& row : kRows) {
    auto reply = ReplyFor(MakeError(row.code, row.reason, "secret host name"), row.at);
    EXPECT_EQ(fmt::format("{} {}", reply.code, reply.enhanced), row.reply);
    EXPECT_EQ(reply.text.find("secret"), std::string::npos);
  }
}

// No pair of code, reason and place gives anything but a well-formed reply, and our own trouble is
// never a 5yz.
TEST(SmtpError, EveryPairAndNonsense) {
  for (int code = 1; code <= 40; ++code) {
    for (int reason = 0; reason <= 30; ++reason) {
      for (At at : {At::kCommand, At::kAddress, At::kLogin}) {
        auto reply =
            ReplyFor(MakeError(static_cast<StatusCode>(code), static_cast<Reason>(reason), ""), at);
        EXPECT_TRUE(reply.IsTransient() || reply.IsPermanent()) << code << " " << reason;
        EXPECT_EQ(reply.enhanced[0], reply.code / 100 + '0');
        bool caller_may_be_wrong =
            code == 3 || code == 5 || code == 7 || code == 9 || code == 11 || code == 16;
        EXPECT_TRUE(caller_may_be_wrong || reply.IsTransient()) << code << " " << reason;
      }
    }
  }
}

}  // namespace
}  // namespace pennypost::ingress
