#pragma once
// The filter service, put together from its configuration.

#include "runtime/application.h"

namespace pennypost::filter {

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment);

}  // namespace pennypost::filter
