#include "base/text.h"
#include "smtp/limits.h"
#include "smtp/parse_envelope.h"

namespace pennypost::smtp {

using mail::SmtpReply;

namespace {

// RFC 3461 4.1: NEVER stands alone.
bool TakeNotify(std::string_view value, mail::DsnNotify& notify) {
  if (value.empty()) return false;
  for (std::string_view word : Split(value, ',')) {
    bool* flag = EqualsIgnoreCase(word, "NEVER")     ? &notify.never
                 : EqualsIgnoreCase(word, "SUCCESS") ? &notify.success
                 : EqualsIgnoreCase(word, "FAILURE") ? &notify.failure
                 : EqualsIgnoreCase(word, "DELAY")   ? &notify.delay
                                                     : nullptr;
    if (flag == nullptr || *flag) return false;
    *flag = true;
  }
  return !notify.never || (!notify.success && !notify.failure && !notify.delay);
}

// RFC 3461 4.2 "addr-type;xtext"; RFC 6533 3 lets the text be UTF-8 with SMTPUTF8.
bool IsOrcpt(std::string_view value, bool utf8) {
  size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos || semicolon == 0 || value.size() > kMaxOrcpt) {
    return false;
  }
  for (char c : value.substr(0, semicolon)) {
    if (!IsAlpha(c) && !IsDigit(c) && c != '-') return false;
  }
  std::string_view text = value.substr(semicolon + 1);
  if (IsAscii(text)) return IsXtext(text);
  return utf8 && IsUtf8(text);
}

}  // namespace

std::optional<SmtpReply> ParseRcpt(std::string_view args, const EnvelopeOptions& options,
                                   mail::Recipient& recipient) {
  constexpr std::string_view kTo = "TO:";
  recipient = {};
  if (!StartsWithIgnoreCase(args, kTo)) return SmtpReply{501, "5.5.4", "RCPT TO:<address>"};
  args.remove_prefix(kTo.size());
  while (args.starts_with(' ')) args.remove_prefix(1);
  auto path = mail::ParsePath(args, mail::PathKind::kForward, mail::Utf8Policy::kAllow);
  if (!path.ok()) return SmtpReply{501, "5.1.3", "malformed recipient address"};
  if (!options.smtputf8 && !IsAscii(args.substr(0, args.size() - path->rest.size()))) {
    return SmtpReply{553, "5.6.7", "non-ASCII address without SMTPUTF8"};
  }
  auto params = ParseEsmtpParams(path->rest);
  if (!params) return SmtpReply{501, "5.5.4", "malformed parameters of RCPT"};
  for (const EsmtpParam& param : *params) {
    if (options.dsn && EqualsIgnoreCase(param.keyword, "NOTIFY")) {
      if (!TakeNotify(param.value, recipient.notify)) {
        return SmtpReply{501, "5.5.4", "malformed NOTIFY"};
      }
    } else if (options.dsn && EqualsIgnoreCase(param.keyword, "ORCPT")) {
      if (!IsOrcpt(param.value, options.smtputf8)) {
        return SmtpReply{501, "5.5.4", "malformed ORCPT"};
      }
      recipient.orcpt = param.value;
    } else {
      return SmtpReply{555, "5.5.4", "unknown parameter of RCPT"};
    }
  }
  recipient.address = *std::move(path->address);
  return std::nullopt;
}

}  // namespace pennypost::smtp
