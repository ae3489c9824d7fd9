#pragma once
#include "runtime/application.h"

namespace pennypost::ingress {

// Composition root of ingress: builds listeners and policy from the configuration.
absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment);

}  // namespace pennypost::ingress
