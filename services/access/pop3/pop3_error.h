#pragma once
// Errors of our services as -ERR answers (RFC 2449 8, RFC 3206).

#include "base/status.h"
#include "pop3/session.h"

namespace pennypost::access {

pop3::Refused Pop3Error(const absl::Status& status);

}  // namespace pennypost::access
