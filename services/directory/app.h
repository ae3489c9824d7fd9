#pragma once
#include "runtime/application.h"

namespace pennypost::directory {

// Composition root of the directory: builds it from the configuration and registers its service.
absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment);

}  // namespace pennypost::directory
