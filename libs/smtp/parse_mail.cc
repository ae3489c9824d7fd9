#include "base/text.h"
#include "smtp/limits.h"
#include "smtp/parse_envelope.h"

namespace pennypost::smtp {

using mail::SmtpReply;

namespace {

SmtpReply BadParam(std::string_view what) {
  return {501, "5.5.4", fmt::format("malformed {}", what)};
}

// RFC 1870 6.1
std::optional<SmtpReply> TakeSize(const EsmtpParam& param, const EnvelopeOptions& options,
                                  mail::Envelope& envelope) {
  for (char c : param.value) {
    if (!IsDigit(c)) return BadParam("SIZE");
  }
  if (param.value.empty() || param.value.size() > kMaxSizeDigits) return BadParam("SIZE");
  auto size = ParseUint(param.value);
  if (!size || *size > options.max_size) {
    return SmtpReply{552, "5.3.4", "message is larger than we take"};
  }
  envelope.declared_size = *size;
  return std::nullopt;
}

std::optional<SmtpReply> TakeBody(const EsmtpParam& param, mail::Envelope& envelope) {
  if (EqualsIgnoreCase(param.value, "7BIT")) {
    envelope.body = mail::BodyType::k7Bit;
  } else if (EqualsIgnoreCase(param.value, "8BITMIME")) {
    envelope.body = mail::BodyType::k8BitMime;
  } else {
    return BadParam("BODY");
  }
  return std::nullopt;
}

std::optional<SmtpReply> TakeRet(const EsmtpParam& param, mail::Envelope& envelope) {
  if (EqualsIgnoreCase(param.value, "FULL")) {
    envelope.ret = mail::DsnReturn::kFull;
  } else if (EqualsIgnoreCase(param.value, "HDRS")) {
    envelope.ret = mail::DsnReturn::kHeaders;
  } else {
    return BadParam("RET");
  }
  return std::nullopt;
}

std::optional<SmtpReply> TakeParam(const EsmtpParam& param, const EnvelopeOptions& options,
                                   mail::Envelope& envelope) {
  auto is = [&](std::string_view keyword) { return EqualsIgnoreCase(param.keyword, keyword); };
  if (is("SIZE")) return TakeSize(param, options, envelope);
  if (is("BODY")) return TakeBody(param, envelope);
  if (is("SMTPUTF8") && options.smtputf8) {
    if (param.has_value) return BadParam("SMTPUTF8");
    envelope.smtputf8 = true;
    return std::nullopt;
  }
  if (is("RET") && options.dsn) return TakeRet(param, envelope);
  if (is("ENVID") && options.dsn) {
    if (param.value.size() > kMaxEnvid || !IsXtext(param.value)) return BadParam("ENVID");
    envelope.envid = param.value;
    return std::nullopt;
  }
  // RFC 4954 5: a claim about the first submitter, which we trust nobody to make and do not pass
  // on.
  if (is("AUTH") && options.auth) {
    if (!IsXtext(param.value)) return BadParam("AUTH");
    return std::nullopt;
  }
  return SmtpReply{555, "5.5.4", "unknown parameter of MAIL"};
}

}  // namespace

std::optional<SmtpReply> ParseMail(std::string_view args, const EnvelopeOptions& options,
                                   mail::Envelope& envelope) {
  constexpr std::string_view kFrom = "FROM:";
  if (!StartsWithIgnoreCase(args, kFrom)) return SmtpReply{501, "5.5.4", "MAIL FROM:<address>"};
  args.remove_prefix(kFrom.size());
  while (args.starts_with(' ')) args.remove_prefix(1);
  // SMTPUTF8 stands behind the address it allows, so whether it was allowed is known at the end.
  auto path = mail::ParsePath(args, mail::PathKind::kReverse, mail::Utf8Policy::kAllow);
  if (!path.ok()) return SmtpReply{501, "5.1.7", "malformed sender address"};
  auto params = ParseEsmtpParams(path->rest);
  if (!params) return SmtpReply{501, "5.5.4", "malformed parameters of MAIL"};
  for (const EsmtpParam& param : *params) {
    if (auto error = TakeParam(param, options, envelope)) return error;
  }
  if (!envelope.smtputf8 && !IsAscii(args.substr(0, args.size() - path->rest.size()))) {
    return SmtpReply{553, "5.6.7", "non-ASCII address without SMTPUTF8"};
  }
  envelope.sender = std::move(path->address);
  return std::nullopt;
}

}  // namespace pennypost::smtp
