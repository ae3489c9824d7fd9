#pragma once
// The grammar of RFC 5228 8.2: tokens to commands. Knows no command by name.

#include <string_view>
#include <vector>

#include "sieve/ast.h"

namespace pennypost::sieve {

struct ParseResult {
  std::vector<Node> commands;
  std::vector<ScriptError> errors;  // of syntax; the first ends the parse
};

// Recursion is bounded by the nesting limits.
ParseResult Parse(std::string_view script, const Limits& limits = {});

}  // namespace pennypost::sieve
