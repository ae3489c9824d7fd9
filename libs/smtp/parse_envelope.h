#pragma once
// The arguments of MAIL and RCPT: bytes to struct, or the reply that says what is wrong.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/envelope.h"
#include "mail/smtp_reply.h"

namespace pennypost::smtp {

struct EnvelopeOptions {
  bool smtputf8 = false;  // MAIL: offered; RCPT: the transaction has it
  bool dsn = false;
  bool auth = false;
  uint64_t max_size = UINT64_MAX;
};

// RFC 5321 4.1.1.2, with SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC
// 3461), AUTH (RFC 4954 5). Nothing on success. `args` is all after "MAIL ".
std::optional<mail::SmtpReply> ParseMail(std::string_view args, const EnvelopeOptions& options,
                                         mail::Envelope& envelope);

// RFC 5321 4.1.1.3, with NOTIFY and ORCPT (RFC 3461).
std::optional<mail::SmtpReply> ParseRcpt(std::string_view args, const EnvelopeOptions& options,
                                         mail::Recipient& recipient);

// RFC 5321 4.1.2 esmtp-param.
struct EsmtpParam {
  std::string_view keyword;
  std::string_view value;
  bool has_value = false;
};
// Nothing where the text is malformed or names a keyword twice.
std::optional<std::vector<EsmtpParam>> ParseEsmtpParams(std::string_view text);

// RFC 3461 4: xtext, with at least one character.
bool IsXtext(std::string_view text);
// The bytes that IsXtext text stands for.
std::string DecodeXtext(std::string_view text);

}  // namespace pennypost::smtp
