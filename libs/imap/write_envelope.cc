// ENVELOPE (RFC 9051 7.5.2).

#include "imap/write.h"

namespace pennypost::imap {
namespace {

std::optional<std::string> OrNil(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

void WriteAddress(const mime::Address& address, std::string& out) {
  using Kind = mime::Address::Kind;
  out += '(';
  WriteNString(OrNil(address.name), out);
  out += ' ';
  WriteNString(OrNil(address.route), out);
  out += ' ';
  if (address.kind == Kind::kGroupEnd) {
    out += "NIL NIL)";
    return;
  }
  WriteString(address.mailbox, out);
  out += ' ';
  // A host of NIL would make a group of an address that lacks one.
  if (address.kind == Kind::kGroupStart) {
    out += "NIL";
  } else {
    WriteString(address.host, out);
  }
  out += ')';
}

void WriteAddresses(const mime::AddressList& list, std::string& out) {
  if (list.empty()) {
    out += "NIL";
    return;
  }
  out += '(';
  for (const mime::Address& address : list) WriteAddress(address, out);
  out += ')';
}

}  // namespace

void WriteEnvelope(const mime::Envelope& envelope, std::string& out) {
  out += '(';
  WriteNString(envelope.date, out);
  out += ' ';
  WriteNString(envelope.subject, out);
  for (const mime::AddressList* list : {
           &envelope.from,
           envelope.sender.empty() ? &envelope.from : &envelope.sender,
           envelope.reply_to.empty() ? &envelope.from : &envelope.reply_to,
           &envelope.to,
           &envelope.cc,
           &envelope.bcc,
       }) {
    out += ' ';
    WriteAddresses(*list, out);
  }
  out += ' ';
  WriteNString(envelope.in_reply_to, out);
  out += ' ';
  WriteNString(envelope.message_id, out);
  out += ')';
}

}  // namespace pennypost::imap
