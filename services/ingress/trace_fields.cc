#include "services/ingress/trace_fields.h"

#include <fmt/format.h>

namespace pennypost::ingress {

std::string DateText(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", time, absl::UTCTimeZone());
}

// RFC 3848, RFC 6531 4.3
std::string ProtocolName(const WithProtocol& with) {
  std::string name = with.lmtp ? "LMTP" : with.esmtp || with.utf8 ? "ESMTP" : "SMTP";
  if (with.utf8) name = with.lmtp ? "UTF8LMTP" : "UTF8SMTP";
  if (with.tls) name += "S";
  if (with.authenticated) name += "A";
  return name;
}

// RFC 5321 4.4. The core lets no control character, parenthesis or space into a HELO name.
std::string ReceivedField(const TraceInfo& info) {
  bool v6 = info.client_ip.find(':') != std::string_view::npos;
  std::string out =
      fmt::format("Received: from {} ([{}{}])\r\n\tby {} with {} id {}", info.helo,
                  v6 ? "IPv6:" : "", info.client_ip, info.hostname, info.protocol, info.mail_id);
  if (!info.tls.empty()) out += fmt::format("\r\n\t({})", info.tls);
  if (!info.recipient.empty()) out += fmt::format("\r\n\tfor <{}>", info.recipient);
  out += fmt::format(";\r\n\t{}\r\n", DateText(info.time));
  return out;
}

std::string ReturnPathField(std::string_view sender) {
  return fmt::format("Return-Path: <{}>\r\n", sender);
}

}  // namespace pennypost::ingress
