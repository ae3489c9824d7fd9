#pragma once
// absl::Status with a machine-readable reason, and the two macros that pass it on.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "base/reason.h"

namespace pennypost {

// A status whose message is safe to show to a client; details for the operator go to the log.
absl::Status MakeError(absl::StatusCode code, Reason reason, std::string_view message);

absl::Status SyntaxError(std::string_view message);
absl::Status NotFoundError(std::string_view message);
absl::Status ExistsError(std::string_view message);
absl::Status PolicyError(std::string_view message);
absl::Status UnavailableError(std::string_view message);
absl::Status BugError(std::string_view message);

// The reason given at MakeError; for a status made elsewhere, the usual one of its code.
Reason ReasonOf(const absl::Status& status);

// The message as a std::string (Debian's absl::string_view is not the std type).
std::string MessageOf(const absl::Status& status);

// "NOT_FOUND MAILBOX_NOT_FOUND: no such user": for logs.
std::string Describe(const absl::Status& status);

}  // namespace pennypost

#define PP_CONCAT_INNER(a, b) a##b
#define PP_CONCAT(a, b) PP_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expr)                                               \
  do {                                                                      \
    if (absl::Status pp_status = (expr); !pp_status.ok()) return pp_status; \
  } while (false)

#define PP_ASSIGN_OR_RETURN(tmp, lhs, expr) \
  auto tmp = (expr);                        \
  if (!tmp.ok()) return tmp.status();       \
  lhs = *std::move(tmp)
#define ASSIGN_OR_RETURN(lhs, expr) PP_ASSIGN_OR_RETURN(PP_CONCAT(pp_or_, __LINE__), lhs, expr)

// The same inside a coroutine.
#define CO_RETURN_IF_ERROR(expr)                                               \
  do {                                                                         \
    if (absl::Status pp_status = (expr); !pp_status.ok()) co_return pp_status; \
  } while (false)
#define PP_CO_ASSIGN_OR_RETURN(tmp, lhs, expr) \
  auto tmp = (expr);                           \
  if (!tmp.ok()) co_return tmp.status();       \
  lhs = *std::move(tmp)
#define CO_ASSIGN_OR_RETURN(lhs, expr) \
  PP_CO_ASSIGN_OR_RETURN(PP_CONCAT(pp_or_, __LINE__), lhs, expr)
