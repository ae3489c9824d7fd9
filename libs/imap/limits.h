#pragma once
// How much one command may cost, by what the peer has shown.

#include <cstddef>

namespace pennypost::imap {

struct Limits {
  size_t line = 8 << 10;     // one line without its literals
  size_t literal = 4 << 10;  // one literal
  size_t literals = 2;       // literals a command
  size_t total = 64 << 10;   // a whole command
  size_t tokens = 100;       // words, strings and parentheses a command
  size_t depth = 8;          // nested parentheses, NOT and OR
  size_t message = 0;        // the literal of APPEND
};

// Before login nothing but names and passwords is due.
inline Limits LimitsBeforeLogin() {
  return {};
}

inline Limits LimitsAfterLogin(size_t max_message) {
  return {.line = 128 << 10,
          .literal = 128 << 10,
          .literals = 1000,
          .total = 1 << 20,
          .tokens = 1000,
          .depth = 50,
          .message = max_message};
}

}  // namespace pennypost::imap
