#pragma once
// The header fields ingress writes (RFC 5321 4.4, RFC 5322 3.6).

#include <absl/time/time.h>

#include <string>
#include <string_view>

namespace pennypost::ingress {

struct TraceInfo {
  std::string_view hostname;
  std::string_view helo;
  std::string_view client_ip;
  std::string_view protocol;  // "ESMTPS" (RFC 3848, RFC 6531 4.3)
  std::string_view tls;       // protocol and cipher, empty without
  std::string_view mail_id;
  std::string_view recipient;  // the only one; empty for several, so that none learns of another
  absl::Time time;
};

// Whole fields with their CRLF.
std::string ReceivedField(const TraceInfo& info);
std::string ReturnPathField(std::string_view sender);

// "Sun, 06 Sep 2009 16:46:40 +0000" (RFC 5322 3.3).
std::string DateText(absl::Time time);

struct WithProtocol {
  bool lmtp = false;
  bool esmtp = false;
  bool tls = false;
  bool authenticated = false;
  bool utf8 = false;
};
// "SMTP", "ESMTPSA", "UTF8LMTPS" ...
std::string ProtocolName(const WithProtocol& with);

}  // namespace pennypost::ingress
