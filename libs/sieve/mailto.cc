#include "sieve/mailto.h"

#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "mail/address.h"

namespace pennypost::sieve {
namespace {

std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    auto octet = i + 2 < text.size() ? HexDecode(text.substr(i + 1, 2)) : std::nullopt;
    if (!octet) return std::nullopt;
    out += *octet;
    i += 2;
  }
  return out;
}

}  // namespace

absl::StatusOr<Mailto> ParseMailto(std::string_view uri) {
  constexpr std::string_view kScheme = "mailto:";
  absl::Status bad = SyntaxError(fmt::format("'{}' is no mailto: URI", uri));
  if (!StartsWithIgnoreCase(uri, kScheme)) return bad;
  uri.remove_prefix(kScheme.size());
  size_t question = uri.find('?');
  Mailto out;
  for (std::string_view part : Split(uri.substr(0, question), ',')) {
    auto address = Decode(part);
    if (!address || !mail::ParseAddress(*address, mail::Utf8Policy::kAllow).ok()) return bad;
    out.to.push_back(*std::move(address));
  }
  if (out.to.size() > kMaxMailtoRecipients) return bad;
  if (question == std::string_view::npos) return out;
  for (std::string_view field : Split(uri.substr(question + 1), '&')) {
    size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    auto value = Decode(field.substr(equals + 1));
    if (!value) return bad;
    if (EqualsIgnoreCase(field.substr(0, equals), "subject")) {
      out.subject = *std::move(value);
    } else if (EqualsIgnoreCase(field.substr(0, equals), "body")) {
      out.body = *std::move(value);
    }
  }
  return out;
}

}  // namespace pennypost::sieve
