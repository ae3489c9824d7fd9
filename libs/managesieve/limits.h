#pragma once

#include <cstddef>
#include <cstdint>

namespace pennypost::managesieve {

// What a client may send (ROBUSTNESS I1).
struct Limits {
  size_t max_line = 8 << 10;  // of one line, literals apart
  size_t max_arguments = 8;   // of one command
  uint64_t max_literal = 64 << 10;
  uint64_t max_drain = 16 << 20;  // of a literal that is too large and thrown away; over it: BYE
};

}  // namespace pennypost::managesieve
