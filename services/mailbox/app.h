#pragma once
#include "runtime/application.h"

namespace pennypost::mailbox {

// Composition root of the mailbox: builds it from the configuration and registers its service.
absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment);

}  // namespace pennypost::mailbox
