#pragma once
#include "base/status.h"
#include "managesieve/session.h"

namespace pennypost::access {

// A failed call as ManageSieve says it (RFC 5804 1.3).
managesieve::Refused ManageSieveError(const absl::Status& status);

}  // namespace pennypost::access
