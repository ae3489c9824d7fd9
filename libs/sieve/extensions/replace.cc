// replace and enclose (RFC 5703 5 and 6).

#include <fmt/format.h>

#include "base/id.h"
#include "base/text.h"
#include "mime/address.h"
#include "sieve/extensions/extensions.h"
#include "sieve/field_value.h"
#include "sieve/run.h"

namespace pennypost::sieve {
namespace {

void CheckReplace(Checker& checker, Statement& statement) {
  if (statement.Has("mime") && (statement.Has("subject") || statement.Has("from")))
    checker.Fail(statement.at, "':mime' takes neither ':subject' nor ':from'");
}

void CheckEnclose(Checker& checker, Statement& statement) {
  if (const Argument* headers = statement.Tag("headers")) checker.CheckHeaderNames(*headers);
}

std::string WithCrLf(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n' || text[i] == '\r') {
      out += "\r\n";
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string TextEntity(std::string_view text) {
  return fmt::format(
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n{}",
      IsAscii(text) ? "7bit" : "8bit", WithCrLf(text));
}

bool IsMimeField(std::string_view name) {
  return StartsWithIgnoreCase(name, "Content-") || EqualsIgnoreCase(name, "MIME-Version");
}

bool IsMailboxList(std::string_view text) {
  for (const mime::Address& address : mime::ParseAddressList(text)) {
    if (!address.mailbox.empty() && !address.host.empty()) return true;
  }
  return false;
}

struct NewHead {
  std::optional<std::string> subject;
  std::optional<std::string> from;
};

// All fields but those of the old content; what is set anew leaves its old value behind.
std::string WholeMessage(const Message& message, const NewHead& head, std::string_view entity) {
  std::string out;
  for (const mail::HeaderField& field : message.header().fields) {
    if (IsMimeField(field.name)) continue;
    bool replaced = (head.subject && EqualsIgnoreCase(field.name, "Subject")) ||
                    (head.from && EqualsIgnoreCase(field.name, "From"));
    if (replaced) out += "Original-";
    out += field.raw;
    if (!out.ends_with('\n')) out += "\r\n";
  }
  if (head.subject) out += fmt::format("Subject: {}\r\n", FieldValue(*head.subject));
  if (head.from) out += fmt::format("From: {}\r\n", FieldValue(*head.from));
  return out + "MIME-Version: 1.0\r\n" + std::string(entity);
}

Flow RunReplace(Run& run, const Statement& statement) {
  std::string text = run.Text(statement.Last());
  if (run.failed() || !run.Spend(1 + run.message.bytes().size() / 4096)) return Flow::kStop;
  std::string entity = statement.Has("mime") ? WithCrLf(text) : TextEntity(text);
  uint32_t at = run.PartAtHand();
  if (at == 0) {
    NewHead head;
    if (const Argument* subject = statement.Tag("subject")) head.subject = run.Text(*subject);
    if (const Argument* from = statement.Tag("from")) head.from = run.Text(*from);
    if (head.from && !IsMailboxList(*head.from)) {
      run.Fail(statement.at, fmt::format("replace: '{}' is not an address", *head.from));
      return Flow::kStop;
    }
    run.message.Replace(WholeMessage(run.message, head, entity));
  } else {
    const mime::Part& part = run.message.structure().parts[at];
    std::string bytes = run.message.bytes().substr(0, part.header_offset);
    bytes += entity;
    bytes.append(run.message.bytes(), part.body_offset + part.body_size);
    run.message.Replace(std::move(bytes));
  }
  run.replaced = at;
  run.result.content_changed = true;
  return Flow::kNext;
}

std::string DateText(const Host& host) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S %z", host.Now(), host.Zone());
}

// The head of the new message: the trace of the old one, then what the script asks for.
std::string EnclosingHead(Run& run, const Statement& statement) {
  std::vector<std::string> copied = {"Return-Path", "Delivered-To", "Received", "Auto-Submitted"};
  if (const Argument* headers = statement.Tag("headers")) {
    for (std::string& name : run.Texts(*headers)) copied.push_back(std::move(name));
  }
  const Argument* subject = statement.Tag("subject");
  if (subject == nullptr) copied.push_back("Subject");
  auto is_copied = [&copied](std::string_view name) {
    return std::any_of(copied.begin(), copied.end(),
                       [name](const std::string& other) { return EqualsIgnoreCase(name, other); });
  };
  std::string out;
  for (const mail::HeaderField& field : run.message.header().fields) {
    if (IsMimeField(field.name) || !is_copied(field.name)) continue;
    if (subject != nullptr && EqualsIgnoreCase(field.name, "Subject")) continue;
    out += field.raw;
    if (!out.ends_with('\n')) out += "\r\n";
  }
  if (subject != nullptr) out += fmt::format("Subject: {}\r\n", FieldValue(run.Text(*subject)));
  if (!is_copied("Date")) out += fmt::format("Date: {}\r\n", DateText(run.host));
  if (!is_copied("From")) out += fmt::format("From: {}\r\n", FieldValue(run.envelope.to));
  return out;
}

Flow RunEnclose(Run& run, const Statement& statement) {
  std::string text = run.Text(statement.Last());
  std::string head = EnclosingHead(run, statement);
  if (run.failed() || !run.Spend(1 + run.message.bytes().size() / 1024)) return Flow::kStop;
  const std::string& inner = run.message.bytes();
  // Of all that stands between: it stands nowhere in it.
  std::string boundary = "=_" + HexEncode(Sha256(head + text + inner)).substr(0, 40);
  std::string bytes = head;
  bytes += fmt::format(
      "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{}\"\r\n\r\n--{}\r\n{}\r\n"
      "--{}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: {}\r\n\r\n",
      boundary, boundary, TextEntity(text), boundary, IsAscii(inner) ? "7bit" : "8bit");
  bytes += inner;
  bytes += fmt::format("\r\n--{}--\r\n", boundary);
  if (!run.result.before_enclose) run.result.before_enclose = inner;
  run.message.Replace(std::move(bytes));
  run.result.content_changed = true;
  return Flow::kNext;
}

}  // namespace

Extension ReplaceExtension() {
  return {.capabilities = {{"replace"}, {"enclose"}},
          .verbs = {{.name = "replace",
                     .capability = "replace",
                     .positional = "s",
                     .tags = {{.name = "mime"},
                              {.name = "subject", .value = ValueType::kString},
                              {.name = "from", .value = ValueType::kString}},
                     .check = CheckReplace,
                     .run = RunReplace},
                    {.name = "enclose",
                     .capability = "enclose",
                     .positional = "s",
                     .tags = {{.name = "subject", .value = ValueType::kString},
                              {.name = "headers", .value = ValueType::kList}},
                     .check = CheckEnclose,
                     .run = RunEnclose}}};
}

}  // namespace pennypost::sieve
