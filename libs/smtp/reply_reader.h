#pragma once
// The replies of a remote server (RFC 5321 4.2), within limits.

#include <optional>
#include <string>
#include <string_view>

#include "mail/smtp_reply.h"
#include "smtp/limits.h"

namespace pennypost::smtp {

class ReplyReader {
 public:
  explicit ReplyReader(const ClientLimits& limits = {}) : limits_(limits) {}

  enum class Result { kNeedInput, kReply, kMalformed };
  // Takes the next whole reply off the front of `in`, from `at` on. kMalformed is final.
  Result Read(std::string_view in, size_t& at, mail::SmtpReply& reply);

 private:
  bool TakeLine(std::string_view line, bool& last);

  ClientLimits limits_;
  mail::SmtpReply partial_;
  size_t lines_ = 0;
};

}  // namespace pennypost::smtp
