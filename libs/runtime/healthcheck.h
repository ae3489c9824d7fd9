#pragma once
// What an image's HEALTHCHECK calls: asks the health port of the same service, so that a container
// needs neither curl nor a shell.

#include <string>

#include "base/status.h"

namespace pennypost::runtime {

// `address` is the service's admin address as configured. OK and the text of /readyz if it is
// ready; otherwise the status says why not. Waits up to `timeout` for each step.
absl::StatusOr<std::string> AskReady(const std::string& address, absl::Duration timeout);

}  // namespace pennypost::runtime
