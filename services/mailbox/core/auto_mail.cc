#include "services/mailbox/core/auto_mail.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/text.h"
#include "mail/header.h"

namespace pennypost::mailbox {
namespace {

constexpr size_t kMaxLine = 998;  // RFC 5322 2.1.1
constexpr size_t kFold = 76;

std::string DateText(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", time, absl::UTCTimeZone());
}

std::string OneLine(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = ' ';
  }
  return out;
}

// Longer than a fold, at spaces.
std::string Folded(std::string_view text, size_t used) {
  std::string out;
  for (std::string_view word : Split(text, ' ')) {
    bool first = out.empty();
    if (!first && used + 1 + word.size() > kFold) {
      out += "\r\n";
      used = 0;
    }
    if (!first) out.push_back(' ');
    out += word;
    used += word.size() + 1;
  }
  return out;
}

// RFC 2047: whole characters in each word.
std::string EncodedWords(std::string_view text) {
  constexpr size_t kOctets = 45;
  std::string out;
  while (!text.empty()) {
    size_t take = std::min(kOctets, text.size());
    while (take < text.size() && take > 1 &&
           (static_cast<unsigned char>(text[take]) & 0xC0) == 0x80)
      --take;
    out += (out.empty() ? "=?utf-8?B?" : "\r\n =?utf-8?B?") + Base64Encode(text.substr(0, take)) +
           "?=";
    text.remove_prefix(take);
  }
  return out;
}

std::string Field(std::string_view name, std::string_view value) {
  std::string text = OneLine(value);
  return fmt::format("{}: {}\r\n", name,
                     IsAscii(text) ? Folded(text, name.size() + 2) : EncodedWords(text));
}

// Every line end as CRLF, and one at the end.
std::string WithCrLf(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n' || text[i] == '\r') {
      out += "\r\n";
    } else if (text[i] != '\0') {
      out.push_back(text[i]);
    }
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

bool IsPlain(std::string_view text) {
  for (std::string_view line : Split(text, '\n')) {
    if (line.size() > kMaxLine) return false;
  }
  return IsAscii(text);
}

// A text part: its fields, an empty line, its content.
std::string TextPart(std::string_view body) {
  std::string text = WithCrLf(body);
  if (IsPlain(text)) {
    return "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: "
           "7bit\r\n\r\n" +
           text;
  }
  std::string out =
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  std::string encoded = Base64Encode(text);
  for (size_t at = 0; at < encoded.size(); at += kFold) out += encoded.substr(at, kFold) + "\r\n";
  return out;
}

std::string Head(const AutoMail& mail) {
  std::string out = Field("From", mail.from) + Field("To", mail.to) +
                    Field("Subject", mail.subject) + Field("Date", DateText(mail.date)) +
                    Field("Message-ID", fmt::format("<{}@{}>", mail.id.ToString(), mail.host)) +
                    Field("Auto-Submitted", mail.auto_submitted);
  for (const auto& [name, value] : mail.more) {
    if (!value.empty()) out += Field(name, value);
  }
  return out + "MIME-Version: 1.0\r\n";
}

}  // namespace

std::string Compose(const AutoMail& mail) {
  return Head(mail) + (mail.mime ? WithCrLf(mail.body) : TextPart(mail.body));
}

std::string ComposeRefusal(const AutoMail& mail, const Refusal& refusal) {
  // The id is made for this message alone: it stands nowhere in the parts.
  std::string boundary = "=_" + HexEncode(mail.id.AsBytes());
  std::string out =
      Head(mail) + fmt::format(
                       "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                       " boundary=\"{}\"\r\n\r\n",
                       boundary);
  out += fmt::format("--{}\r\n{}\r\n", boundary, TextPart(mail.body));
  out += fmt::format(
      "--{}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; {}\r\n\r\n"
      "Final-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: 5.7.1\r\n\r\n",
      boundary, OneLine(mail.host), OneLine(refusal.recipient));
  out += fmt::format("--{}\r\nContent-Type: text/rfc822-headers\r\n\r\n{}\r\n--{}--\r\n", boundary,
                     WithCrLf(refusal.header), boundary);
  return out;
}

std::string RedirectedCopy(std::string_view content, const Redirection& redirection) {
  std::string out = Field("Delivered-To", redirection.recipient);
  out += fmt::format("Received: by {} (Sieve redirect of {}) id {};\r\n\t{}\r\n", redirection.host,
                     OneLine(redirection.recipient), redirection.mail_id.ToString(),
                     DateText(redirection.date));
  // RFC 5321 4.4: the return path is written where the mail comes to its end.
  mail::HeaderBlock header = mail::ParseHeaderBlock(content);
  for (const mail::HeaderField& field : header.fields) {
    if (!EqualsIgnoreCase(field.name, "Return-Path")) break;
    content.remove_prefix(field.raw.size());
  }
  return out.append(content);
}

}  // namespace pennypost::mailbox
