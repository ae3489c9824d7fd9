#pragma once
// A script as written: commands, tests and arguments, before anybody asked what they mean.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pennypost::sieve {

// From 1; a column is a character, not an octet.
struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
  bool operator==(const Position&) const = default;
};

struct ScriptError {
  Position at;
  std::string message;
  // "line 3, column 7: unknown command 'fileinot'"
  std::string ToString() const;
};

struct Argument {
  enum class Kind { kTag, kNumber, kString, kList };
  Kind kind = Kind::kString;
  Position at;
  std::string tag;  // lower case, without the colon
  uint64_t number = 0;
  std::vector<std::string> strings;  // one for kString
};

// A command or a test.
struct Node {
  Position at;
  std::string name;  // lower case
  std::vector<Argument> arguments;
  std::vector<Node> tests;
  bool has_block = false;
  std::vector<Node> block;
};

// ROBUSTNESS F3: what a script may cost.
struct Limits {
  size_t max_script = 1 << 20;
  size_t max_block_depth = 15;  // RFC 5228 2.10.5 asks for 15 at least
  size_t max_test_depth = 32;
  size_t max_errors = 20;  // reported of one compilation
  uint64_t max_steps = 1'000'000;
  size_t max_actions = 32;
  size_t max_redirects = 4;
  size_t max_include_depth = 10;
  size_t max_variables = 256;
  size_t max_variable_bytes = 16 << 10;
};

}  // namespace pennypost::sieve
