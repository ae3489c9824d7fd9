#pragma once
// The resolver service, put together from its configuration.

#include "runtime/application.h"

namespace pennypost::resolver {

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment);

}  // namespace pennypost::resolver
