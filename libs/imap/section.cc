#include "imap/section.h"

#include "base/text.h"
#include "imap/mailbox_name.h"
#include "imap/write.h"
#include "mail/header.h"

namespace pennypost::imap {

Section SectionOf(const FetchItem& item) {
  Section section = item.section;
  if (item.kind == FetchItem::Kind::kRfc822Header) section.text = Section::Text::kHeader;
  if (item.kind == FetchItem::Kind::kRfc822Text) section.text = Section::Text::kText;
  return section;
}

Needs NeedsOf(const FetchItem& item) {
  using Kind = FetchItem::Kind;
  using Text = Section::Text;
  switch (item.kind) {
    case Kind::kFlags:
    case Kind::kUid:
    case Kind::kInternalDate:
    case Kind::kSize:
    case Kind::kModSeq:
      return Needs::kNothing;
    case Kind::kEmailId:
    case Kind::kThreadId:
    case Kind::kSaveDate:
      return Needs::kRecord;
    case Kind::kEnvelope:
    case Kind::kBody:
    case Kind::kBodyStructure:
      return Needs::kStructure;
    case Kind::kRfc822:
    case Kind::kRfc822Text:
    case Kind::kPreview:
    case Kind::kBinary:
    case Kind::kBinarySize:
      return Needs::kContent;
    case Kind::kRfc822Header:
      return Needs::kHeader;
    case Kind::kSection:
      break;
  }
  bool of_header = item.section.text != Text::kAll && item.section.text != Text::kText;
  return item.section.part.empty() && of_header ? Needs::kHeader : Needs::kContent;
}

std::optional<ByteRange> SectionRange(const mime::Structure& structure, const Section& section) {
  using Text = Section::Text;
  auto index = mime::FindPart(structure, section.part);
  if (!index) return std::nullopt;
  const mime::Part& part = structure.parts[*index];
  bool top = section.part.empty();
  // RFC 9051 6.4.5.1: HEADER and TEXT of a part are those of the message inside it.
  const mime::Part* message = top ? &part : nullptr;
  if (!top && part.IsMessage()) message = &structure.parts[part.children[0]];
  switch (section.text) {
    case Text::kAll:
      if (top) return ByteRange{0, structure.size};
      return ByteRange{part.body_offset, part.body_size};
    case Text::kMime:
      return ByteRange{part.header_offset, part.header_size};
    case Text::kHeader:
    case Text::kHeaderFields:
    case Text::kHeaderFieldsNot:
      if (!message) return std::nullopt;
      return ByteRange{message->header_offset, message->header_size};
    case Text::kText:
      if (!message) return std::nullopt;
      return ByteRange{message->body_offset, message->body_size};
  }
  return std::nullopt;
}

std::string SelectHeaderFields(std::string_view header, const Section& section) {
  bool wanted = section.text == Section::Text::kHeaderFields;
  std::string out;
  mail::HeaderBlock block = mail::ParseHeaderBlock(header);
  for (const mail::HeaderField& field : block.fields) {
    bool named = false;
    for (const std::string& name : section.fields)
      named = named || EqualsIgnoreCase(field.name, name);
    if (named != wanted) continue;
    out += field.raw;
    if (!out.ends_with('\n')) out += "\r\n";
  }
  return out + "\r\n";
}

std::string_view ApplyPartial(std::string_view bytes, const FetchItem& item) {
  if (!item.partial) return bytes;
  auto [offset, length] = *item.partial;
  if (offset >= bytes.size()) return {};
  return bytes.substr(static_cast<size_t>(offset),
                      static_cast<size_t>(std::min<uint64_t>(length, bytes.size())));
}

std::string FetchItemName(const FetchItem& item) {
  using Kind = FetchItem::Kind;
  using Text = Section::Text;
  switch (item.kind) {
    case Kind::kFlags:
      return "FLAGS";
    case Kind::kUid:
      return "UID";
    case Kind::kInternalDate:
      return "INTERNALDATE";
    case Kind::kSize:
      return "RFC822.SIZE";
    case Kind::kEnvelope:
      return "ENVELOPE";
    case Kind::kBody:
      return "BODY";
    case Kind::kBodyStructure:
      return "BODYSTRUCTURE";
    case Kind::kModSeq:
      return "MODSEQ";
    case Kind::kEmailId:
      return "EMAILID";
    case Kind::kThreadId:
      return "THREADID";
    case Kind::kSaveDate:
      return "SAVEDATE";
    case Kind::kPreview:
      return "PREVIEW";
    case Kind::kRfc822:
      return "RFC822";
    case Kind::kRfc822Header:
      return "RFC822.HEADER";
    case Kind::kRfc822Text:
      return "RFC822.TEXT";
    case Kind::kSection:
    case Kind::kBinary:
    case Kind::kBinarySize:
      break;
  }
  std::string name = item.kind == Kind::kSection  ? "BODY["
                     : item.kind == Kind::kBinary ? "BINARY["
                                                  : "BINARY.SIZE[";
  for (size_t i = 0; i < item.section.part.size(); ++i) {
    if (i) name += '.';
    name += std::to_string(item.section.part[i]);
  }
  constexpr std::string_view kTexts[] = {"",     "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT",
                                         "TEXT", "MIME"};
  std::string_view text = kTexts[static_cast<size_t>(item.section.text)];
  if (!text.empty() && !item.section.part.empty()) name += '.';
  name += text;
  if (item.section.text == Text::kHeaderFields || item.section.text == Text::kHeaderFieldsNot) {
    name += " (";
    for (size_t i = 0; i < item.section.fields.size(); ++i) {
      if (i) name += ' ';
      WriteMailbox(item.section.fields[i], NameForm::kUtf8, name);
    }
    name += ')';
  }
  name += ']';
  if (item.partial) name += '<' + std::to_string(item.partial->first) + '>';
  return name;
}

}  // namespace pennypost::imap
