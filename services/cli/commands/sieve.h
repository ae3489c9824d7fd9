#pragma once

#include "services/cli/context.h"

namespace pennypost::cli {

// As the others of context.h.
void AddSieveCommands(CLI::App& app, Context& context);
// Of its group.
void AddSieveScriptCommands(CLI::App* sieve, Context& context);

}  // namespace pennypost::cli
