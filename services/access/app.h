#pragma once
#include "runtime/application.h"

namespace pennypost::access {

// Composition root of access: the IMAP and POP3 listeners.
absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment);

}  // namespace pennypost::access
