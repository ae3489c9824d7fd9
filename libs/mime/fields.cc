#include "mime/fields.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace pennypost::mime {
namespace {

void ReadContentType(std::string_view value, Part& part) {
  ParameterizedValue parsed = ParseParameterized(value);
  size_t slash = parsed.value.find('/');
  // RFC 2045 5.2: a Content-Type that cannot be read is as good as none. "text" alone was once
  // legal (RFC 1049).
  if (slash == std::string::npos || slash == 0 || slash + 1 == parsed.value.size()) return;
  part.type = parsed.value.substr(0, slash);
  part.subtype = parsed.value.substr(slash + 1);
  part.params = std::move(parsed.params);
}

void ReadLanguage(std::string_view value, Part& part) {
  FieldLexer lexer(value, ",");
  for (FieldToken token = lexer.Next(); token.kind != FieldToken::Kind::kEnd;
       token = lexer.Next()) {
    if (token.kind == FieldToken::Kind::kAtom && part.language.size() < kMaxParams) {
      part.language.push_back(std::move(token.text));
    }
  }
}

// RFC 2045 6.1: one token; some write comments behind it.
std::string ReadToken(std::string_view value) {
  FieldLexer lexer(value, ";");
  for (FieldToken token = lexer.Next(); token.kind != FieldToken::Kind::kEnd;
       token = lexer.Next()) {
    if (token.kind == FieldToken::Kind::kAtom || token.kind == FieldToken::Kind::kQuoted) {
      return ToLower(token.text);
    }
  }
  return {};
}

enum ContentField {
  kType,
  kEncoding,
  kId,
  kDescription,
  kMd5,
  kDisposition,
  kLanguage,
  kLocation,
  kContentFields
};
constexpr std::string_view kContentNames[kContentFields] = {
    "type", "transfer-encoding", "id", "description", "md5", "disposition", "language", "location"};

void ReadContentField(ContentField field, std::string_view value, Part& part) {
  switch (field) {
    case kType:
      ReadContentType(value, part);
      break;
    case kEncoding:
      if (std::string token = ReadToken(value); !token.empty()) part.encoding = std::move(token);
      break;
    case kId:
      part.id = mail::Unfold(value);
      break;
    case kDescription:
      part.description = mail::Unfold(value);
      break;
    case kMd5:
      part.md5 = mail::Unfold(value);
      break;
    case kDisposition: {
      ParameterizedValue parsed = ParseParameterized(value);
      part.disposition = std::move(parsed.value);
      if (!part.disposition.empty()) part.disposition_params = std::move(parsed.params);
      break;
    }
    case kLanguage:
      ReadLanguage(value, part);
      break;
    case kLocation:
      part.location = mail::Unfold(value);
      break;
    case kContentFields:
      break;
  }
}

enum EnvelopeField {
  kDate,
  kSubject,
  kFrom,
  kSender,
  kReplyTo,
  kTo,
  kCc,
  kBcc,
  kInReplyTo,
  kMessageId,
  kEnvelopeFields
};
constexpr std::string_view kEnvelopeNames[kEnvelopeFields] = {
    "date", "subject", "from", "sender",      "reply-to",
    "to",   "cc",      "bcc",  "in-reply-to", "message-id"};

}  // namespace

void ReadContentFields(const mail::HeaderBlock& header, Part& part) {
  constexpr std::string_view kPrefix = "Content-";
  unsigned seen = 0;
  for (const mail::HeaderField& field : header.fields) {
    if (!StartsWithIgnoreCase(field.name, kPrefix)) continue;
    std::string_view rest = field.name.substr(kPrefix.size());
    for (int i = 0; i < kContentFields; ++i) {
      if (!EqualsIgnoreCase(rest, kContentNames[i])) continue;
      if (!(seen & 1u << i)) ReadContentField(static_cast<ContentField>(i), field.value, part);
      seen |= 1u << i;
      break;
    }
  }
}

Envelope ReadEnvelope(const mail::HeaderBlock& header, size_t max_addresses) {
  Envelope envelope;
  std::optional<std::string>* texts[kEnvelopeFields] = {};
  texts[kDate] = &envelope.date;
  texts[kSubject] = &envelope.subject;
  texts[kInReplyTo] = &envelope.in_reply_to;
  texts[kMessageId] = &envelope.message_id;
  AddressList* lists[kEnvelopeFields] = {};
  lists[kFrom] = &envelope.from;
  lists[kSender] = &envelope.sender;
  lists[kReplyTo] = &envelope.reply_to;
  lists[kTo] = &envelope.to;
  lists[kCc] = &envelope.cc;
  lists[kBcc] = &envelope.bcc;
  for (const mail::HeaderField& field : header.fields) {
    for (int i = 0; i < kEnvelopeFields; ++i) {
      if (!EqualsIgnoreCase(field.name, kEnvelopeNames[i])) continue;
      if (lists[i] && max_addresses > 0) {
        AddressList addresses = ParseAddressList(field.value, max_addresses);
        max_addresses -= std::min(addresses.size(), max_addresses);
        std::move(addresses.begin(), addresses.end(), std::back_inserter(*lists[i]));
      } else if (texts[i] && !*texts[i]) {
        *texts[i] = mail::Unfold(field.value);
      }
      break;
    }
  }
  return envelope;
}

}  // namespace pennypost::mime
