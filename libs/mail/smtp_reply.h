#pragma once
// One SMTP reply as data: what our servers answer and what remote servers answered us.

#include <string>
#include <string_view>

namespace pennypost::mail {

struct SmtpReply {
  int code = 0;
  std::string enhanced;  // "5.1.1" (RFC 3463); empty where a reply carries none (220, 354, EHLO)
  std::string text;      // lines parted by '\n', without code and CRLF

  bool operator==(const SmtpReply&) const = default;

  bool IsPositive() const { return code >= 200 && code < 400; }
  bool IsTransient() const { return code >= 400 && code < 500; }
  bool IsPermanent() const { return code >= 500 && code < 600; }
  // "550 5.1.1 no such user": for logs and DSN, lines joined by a space.
  std::string ToString() const;
};

// Appends the reply as it goes over the wire (RFC 5321 4.2.1), each line with the enhanced code
// (RFC 2034 4). Control characters in the text become "?": a reply can never smuggle a second one.
void AppendReply(const SmtpReply& reply, std::string& out);

// "5.1.1" at the start of `text` (RFC 3463 2): its length, or 0 if there is none.
size_t EnhancedCodeLength(std::string_view text);

}  // namespace pennypost::mail
