#pragma once
// The web service, put together from its configuration.

#include "runtime/application.h"

namespace pennypost::web {

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment);

}  // namespace pennypost::web
