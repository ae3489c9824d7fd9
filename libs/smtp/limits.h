#pragma once
// What one SMTP session may cost. Every limit has a value; none can be switched off.

#include <cstddef>
#include <cstdint>

#include "mail/header.h"

namespace pennypost::smtp {

struct ServerLimits {
  size_t command_line = 2048;  // octets with CRLF (RFC 5321 4.5.3.1.4 asks for 512 and extensions)
  size_t auth_line = 12288;    // RFC 4954 4.9
  int long_lines = 3;          // the last one ends the session
  uint64_t message_size = 50ull << 20;  // SIZE of EHLO; content beyond it is not stored
  size_t recipients = 1000;             // of one message; more get 452
  size_t recipients_tried = 2000;       // RCPT commands of one message; more end the session
  int errors = 20;                      // replies 5yz; then 421
  int junk = 200;             // NOOP, RSET, VRFY and such without a message in between; then 421
  mail::HeaderLimits header;  // of the content: 552 beyond it (S10)
  size_t gathered_output = 8192;  // replies are flushed at this size even if more commands wait
};

struct ClientLimits {
  size_t reply_line = 2048;
  size_t reply_lines = 200;
};

// RFC 3461 4.4, 4.2, as xtext.
inline constexpr size_t kMaxEnvid = 100;
inline constexpr size_t kMaxOrcpt = 500;
// RFC 1870 3: SIZE has at most 20 digits.
inline constexpr size_t kMaxSizeDigits = 20;

}  // namespace pennypost::smtp
