#include "services/relay/core/report.h"

#include "base/text.h"
#include "mail/header.h"

namespace pennypost::relay {
namespace {

// A larger message comes back as its header alone.
constexpr size_t kMaxReturned = 256 * 1024;
constexpr size_t kMaxHeader = 64 * 1024;

struct Wording {
  std::string_view id, action, subject, opening;
};
constexpr Wording kWordings[] = {
    {"failed", "failed", "Undelivered mail returned to sender",
     "Your message could not be delivered. It is not tried any more."},
    {"delayed", "delayed", "Delayed mail (still being tried)",
     "Your message could not be delivered so far. There is nothing you need to do: it is tried "
     "again."},
    {"delivered", "delivered", "Mail delivered", "Your message was delivered."},
    {"relayed", "relayed", "Mail relayed",
     "Your message was handed to a server that does not report what becomes of it."},
};

std::string Rfc5322Date(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", time, absl::UTCTimeZone());
}

// One line of printable ASCII: what a server said goes into a header.
std::string Printable(std::string_view text) {
  constexpr size_t kMaxText = 900;
  std::string out;
  for (char c : text.substr(0, kMaxText))
    out.push_back(c >= ' ' && c <= '~' ? c : c == '\n' ? ' ' : '?');
  return out;
}

std::string StatusCode(const ReportInput& input) {
  const mail::SmtpReply& reply = input.result.reply;
  if (input.kind == ReportKind::kDelivered || input.kind == ReportKind::kRelayed) return "2.0.0";
  if (!reply.enhanced.empty()) return reply.enhanced;
  return reply.code / 100 == 4 ? "4.0.0" : "5.0.0";
}

// RFC 3464 2.3.2, RFC 6533 3: the type says how the address is spelled.
std::string TypedAddress(std::string_view address) {
  return (IsAscii(address) ? "rfc822; " : "utf-8; ") + std::string(address);
}

std::string Explanation(const ReportInput& input, const Wording& wording) {
  std::string text =
      std::string(wording.opening) + "\r\n\r\n    <" + input.delivery.recipient.address + ">\r\n";
  std::string said = Printable(input.result.reply.ToString());
  if (input.kind != ReportKind::kDelivered) {
    text += input.result.remote_mta.empty()
                ? "    "
                : "    " + Printable(input.result.remote_mta) + " said: ";
    text += said + "\r\n";
  }
  if (input.kind == ReportKind::kDelayed)
    text += "\r\nIt is tried until " + Rfc5322Date(input.retry_until) + ".\r\n";
  return text + "\r\n-- \r\nThis is the mail server at " + input.hostname + ".\r\n";
}

// RFC 3464 2.2 and 2.3
std::string DeliveryStatus(const ReportInput& input, const Wording& wording) {
  std::string text = "Reporting-MTA: dns; " + input.hostname + "\r\n";
  const std::string& envelope_id = input.message.envelope_id;
  if (!envelope_id.empty()) text += "Original-Envelope-Id: " + Printable(envelope_id) + "\r\n";
  text += "Arrival-Date: " + Rfc5322Date(input.message.queued_at) + "\r\n\r\n";
  const std::string& original = input.delivery.recipient.original;
  if (!original.empty()) text += "Original-Recipient: " + Printable(original) + "\r\n";
  text += "Final-Recipient: " + TypedAddress(input.delivery.recipient.address) + "\r\n";
  text += "Action: " + std::string(wording.action) + "\r\nStatus: " + StatusCode(input) + "\r\n";
  if (!input.result.remote_mta.empty())
    text += "Remote-MTA: dns; " + Printable(input.result.remote_mta) + "\r\n";
  if (input.result.reply.code != 0) {
    text += "Diagnostic-Code: smtp; " + Printable(input.result.reply.ToString()) + "\r\n";
  }
  text += "Last-Attempt-Date: " + Rfc5322Date(input.now) + "\r\n";
  if (input.kind == ReportKind::kDelayed)
    text += "Will-Retry-Until: " + Rfc5322Date(input.retry_until) + "\r\n";
  return text;
}

// RFC 3461 6.2: the message or its header; only a failure returns all of it.
std::string Returned(const ReportInput& input) {
  const std::string& content = input.message.content;
  bool all = input.kind == ReportKind::kFailed && !input.message.return_headers_only &&
             content.size() <= kMaxReturned;
  std::string encoding = IsAscii(content) ? "" : "Content-Transfer-Encoding: 8bit\r\n";
  if (all) {
    std::string type = input.message.smtputf8 ? "message/global" : "message/rfc822";  // RFC 6533 4
    return "Content-Type: " + type + "\r\n" + encoding + "\r\n" + content;
  }
  std::string type = input.message.smtputf8 ? "message/global-headers" : "text/rfc822-headers";
  size_t size = std::min(mail::ParseHeaderBlock(content).size, kMaxHeader);
  return "Content-Type: " + type + "\r\n" + encoding + "\r\n" + content.substr(0, size);
}

}  // namespace

NewMessage MakeReport(const ReportInput& input) {
  const Wording& wording = kWordings[static_cast<size_t>(input.kind)];
  const Message& message = input.message;
  NewMessage report;
  Message& out = report.message;
  out.mail_id = UuidV5(message.mail_id, "dsn/" + std::string(wording.id) + "/" +
                                            std::to_string(input.delivery.lease.rcpt_no));
  out.own_report = true;
  out.queued_at = input.now;
  std::string id = out.mail_id.ToString();
  std::string boundary = "report-" + id;
  std::string text = Explanation(input, wording);
  std::string status = DeliveryStatus(input, wording);
  std::string charset = IsAscii(text) ? "us-ascii" : "utf-8";
  std::string eight_bit = IsAscii(text) ? "" : "Content-Transfer-Encoding: 8bit\r\n";
  out.content = "From: Mail Delivery System <MAILER-DAEMON@" + input.hostname + ">\r\nTo: <" +
                message.sender + ">\r\nSubject: " + std::string(wording.subject) +
                "\r\nDate: " + Rfc5322Date(input.now) + "\r\nMessage-ID: <" + id + "@" +
                input.hostname + ">\r\nAuto-Submitted: auto-replied\r\n" +
                "MIME-Version: 1.0\r\nContent-Type: multipart/report; "
                "report-type=delivery-status;\r\n boundary=\"" +
                boundary + "\"\r\n\r\n";
  out.content += "--" + boundary + "\r\nContent-Type: text/plain; charset=" + charset + "\r\n" +
                 eight_bit + "\r\n";
  out.content += text + "\r\n--" + boundary + "\r\nContent-Type: message/";
  out.content += (IsAscii(status) ? "delivery-status\r\n\r\n"
                                  : "global-delivery-status\r\n" + eight_bit + "\r\n");
  out.content +=
      status + "\r\n--" + boundary + "\r\n" + Returned(input) + "\r\n--" + boundary + "--\r\n";
  out.body_8bit = !IsAscii(out.content);
  // A report is written in UTF-8 only to a sender who did so first.
  out.smtputf8 = message.smtputf8;
  report.recipients.resize(1);
  report.recipients[0].address = message.sender;
  report.recipients[0].notify.never = true;
  report.events.push_back(
      {out.mail_id, input.now, "relay", "queued", "", message.sender,
       "report of " + message.mail_id.ToString() + ": " + std::string(wording.id)});
  return report;
}

}  // namespace pennypost::relay
