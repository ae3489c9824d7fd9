#include "services/ingress/policy/submission.h"

#include "base/text.h"
#include "mail/address.h"
#include "mime/address.h"
#include "services/ingress/trace_fields.h"

namespace pennypost::ingress {
namespace {

constexpr size_t kMaxAuthors = 100;

absl::Status AddAuthors(std::string_view field, std::vector<std::string>& out) {
  bool any = false;
  for (const mime::Address& entry : mime::ParseAddressList(field, kMaxAuthors + 1)) {
    // RFC 6854 lets a group stand in From; it names nobody who could be checked.
    if (entry.kind != mime::Address::Kind::kMailbox)
      return PolicyError("a group cannot be the author");
    std::string text = mail::Address{.local_part = entry.mailbox, .domain = entry.host}.ToString();
    auto address = mail::ParseAddress(text, mail::Utf8Policy::kAllow);
    if (!address.ok() || out.size() == kMaxAuthors) return PolicyError("malformed author address");
    out.push_back(address->ToString());
    any = true;
  }
  return any ? absl::OkStatus() : PolicyError("no author address");
}

}  // namespace

absl::StatusOr<std::vector<std::string>> AuthorsOf(const mail::HeaderBlock& header) {
  // RFC 5322 3.6: each once at most. A second one is how a reader is shown another than we check.
  if (header.Count("From") != 1) return PolicyError("exactly one From field is needed");
  if (header.Count("Sender") > 1) return PolicyError("more than one Sender field");
  std::vector<std::string> authors;
  RETURN_IF_ERROR(AddAuthors(header.Find("From")->value, authors));
  const mail::HeaderField* sender = header.Find("Sender");
  if (sender != nullptr) RETURN_IF_ERROR(AddAuthors(sender->value, authors));
  return authors;
}

std::string FixSubmission(std::string message, const mail::HeaderBlock& header,
                          const SubmissionFixes& fixes) {
  std::string added;
  if (header.Find("Date") == nullptr) added += fmt::format("Date: {}\r\n", DateText(fixes.now));
  if (header.Find("Message-ID") == nullptr) {
    added += fmt::format("Message-ID: <{}@{}>\r\n", fixes.mail_id, fixes.hostname);
  }
  bool has_bcc = header.Find("Bcc") != nullptr;
  if (added.empty() && !has_bcc) return message;
  std::string out;
  out.reserve(message.size() + added.size());
  for (const mail::HeaderField& field : header.fields) {
    if (!EqualsIgnoreCase(field.name, "Bcc")) out += field.raw;
  }
  out += added;
  size_t fields_end = 0;
  for (const mail::HeaderField& field : header.fields) fields_end += field.raw.size();
  return out.append(message, fields_end);
}

}  // namespace pennypost::ingress
