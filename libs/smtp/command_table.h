#pragma once
// One row a verb of the server: where it is legal and how it behaves in a pipeline.

#include <cstdint>
#include <string_view>

#include "smtp/server_session.h"

namespace pennypost::smtp {

enum CommandFlags : uint32_t {
  kNoFlags = 0,
  kLastInPipeline =
      1,  // the client must wait for the reply (RFC 2920 3.1): buffered bytes end the session
  kNeedsHello = 2,        // 503 before EHLO, HELO or LHLO
  kNeedsMail = 4,         // 503 outside a transaction
  kNoMail = 8,            // 503 inside one
  kNeedsLogin = 16,       // in submission: 530 before TLS and AUTH
  kNotInLmtp = 32,        // 500 there
  kOnlyInLmtp = 64,       // 500 elsewhere
  kCountsAsJunk = 128,    // does nothing for mail; too many end the session
  kSwallowsOctets = 256,  // checks its own state, since its octets follow in any case
};

struct CommandRow {
  using Handler = void (ServerSession::*)(std::string_view args);
  std::string_view verb;   // upper case
  std::string_view label;  // of metrics
  Handler handler;
  uint32_t flags;

  static const CommandRow* Find(std::string_view verb);
};

}  // namespace pennypost::smtp
