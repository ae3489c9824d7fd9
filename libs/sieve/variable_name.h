#pragma once
// Names, references and modifiers of variables (RFC 5229 3 and 4).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/verb.h"

namespace pennypost::sieve {

// An identifier, without name space.
bool IsVariableName(std::string_view name);

// The reference "${name}" at `at`, where "${" stands: its name in lower case; nothing if it is not
// one.
std::optional<std::string> ReferenceAt(std::string_view text, size_t at);

// What :lower and the like make of a value, and the tags themselves. In extensions/variables.cc.
std::string ModifyValue(const Statement& statement, std::string value);
std::vector<TagSpec> ModifierTags();

}  // namespace pennypost::sieve
