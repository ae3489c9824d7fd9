#pragma once
// The relay service, put together from its configuration.

#include "runtime/application.h"

namespace pennypost::relay {

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment);

}  // namespace pennypost::relay
