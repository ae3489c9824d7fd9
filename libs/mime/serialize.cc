// The stored form of a Structure. Version 1:
//   version, size, truncated, envelopes (count, each), parts (count, each). Optional members stand
//   behind a bit mask.
// A new version keeps reading the old ones: stored mail outlives programs.

#include "base/status.h"
#include "mime/structure.h"
#include "mime/varint.h"

namespace pennypost::mime {
namespace {

constexpr uint8_t kVersion = 1;

enum EnvelopeBit : uint8_t { kDate = 1, kSubject = 2, kInReplyTo = 4, kMessageId = 8 };
enum PartBit : uint8_t {
  kId = 1,
  kDescription = 2,
  kMd5 = 4,
  kDisposition = 8,
  kLanguage = 16,
  kLocation = 32,
  kEnvelope = 64,
  kParams = 128
};

void WriteParams(const Params& params, Writer& out) {
  out.Number(params.size());
  for (const Param& param : params) {
    out.Text(param.name);
    out.Text(param.value);
  }
}

Params ReadParams(Reader& in) {
  Params params(in.Count());
  for (Param& param : params) {
    param.name = in.Text();
    param.value = in.Text();
  }
  return params;
}

void WriteAddresses(const AddressList& list, Writer& out) {
  out.Number(list.size());
  for (const Address& address : list) {
    out.Byte(static_cast<uint8_t>(address.kind));
    out.Text(address.name);
    out.Text(address.route);
    out.Text(address.mailbox);
    out.Text(address.host);
  }
}

AddressList ReadAddresses(Reader& in) {
  AddressList list;
  uint64_t count = in.Count();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    Address& address = list.emplace_back();
    uint8_t kind = in.Byte();
    address.kind = static_cast<Address::Kind>(kind <= 2 ? kind : 0);
    address.name = in.Text();
    address.route = in.Text();
    address.mailbox = in.Text();
    address.host = in.Text();
  }
  return list;
}

void WriteEnvelope(const Envelope& envelope, Writer& out) {
  out.Byte(static_cast<uint8_t>((envelope.date ? kDate : 0) | (envelope.subject ? kSubject : 0) |
                                (envelope.in_reply_to ? kInReplyTo : 0) |
                                (envelope.message_id ? kMessageId : 0)));
  for (const auto* text :
       {&envelope.date, &envelope.subject, &envelope.in_reply_to, &envelope.message_id}) {
    if (*text) out.Text(**text);
  }
  for (const auto* list : {&envelope.from, &envelope.sender, &envelope.reply_to, &envelope.to,
                           &envelope.cc, &envelope.bcc}) {
    WriteAddresses(*list, out);
  }
}

Envelope ReadEnvelope(Reader& in) {
  Envelope envelope;
  uint8_t bits = in.Byte();
  auto text = [&](EnvelopeBit bit, std::optional<std::string>& to) {
    if (bits & bit) to = std::string(in.Text());
  };
  text(kDate, envelope.date);
  text(kSubject, envelope.subject);
  text(kInReplyTo, envelope.in_reply_to);
  text(kMessageId, envelope.message_id);
  for (auto* list : {&envelope.from, &envelope.sender, &envelope.reply_to, &envelope.to,
                     &envelope.cc, &envelope.bcc}) {
    *list = ReadAddresses(in);
  }
  return envelope;
}

uint8_t PartBits(const Part& part) {
  return static_cast<uint8_t>(
      (part.id.empty() ? 0 : kId) | (part.description.empty() ? 0 : kDescription) |
      (part.md5.empty() ? 0 : kMd5) | (part.disposition.empty() ? 0 : kDisposition) |
      (part.language.empty() ? 0 : kLanguage) | (part.location.empty() ? 0 : kLocation) |
      (part.envelope == 0 ? 0 : kEnvelope) | (part.params.empty() ? 0 : kParams));
}

void WritePart(const Part& part, Writer& out) {
  uint8_t bits = PartBits(part);
  out.Byte(bits);
  out.Number(part.parent);
  for (uint64_t number :
       {part.header_offset, part.header_size, part.body_offset, part.body_size, part.lines}) {
    out.Number(number);
  }
  out.Text(part.type);
  out.Text(part.subtype);
  out.Text(part.encoding);
  if (bits & kParams) WriteParams(part.params, out);
  if (bits & kId) out.Text(part.id);
  if (bits & kDescription) out.Text(part.description);
  if (bits & kMd5) out.Text(part.md5);
  if (bits & kLocation) out.Text(part.location);
  if (bits & kEnvelope) out.Number(part.envelope);
  if (bits & kDisposition) {
    out.Text(part.disposition);
    WriteParams(part.disposition_params, out);
  }
  if (bits & kLanguage) {
    out.Number(part.language.size());
    for (const std::string& tag : part.language) out.Text(tag);
  }
}

Part ReadPart(Reader& in) {
  Part part;
  uint8_t bits = in.Byte();
  part.parent = static_cast<uint32_t>(in.Number());
  for (uint64_t* number :
       {&part.header_offset, &part.header_size, &part.body_offset, &part.body_size, &part.lines}) {
    *number = in.Number();
  }
  part.type = in.Text();
  part.subtype = in.Text();
  part.encoding = in.Text();
  if (bits & kParams) part.params = ReadParams(in);
  if (bits & kId) part.id = in.Text();
  if (bits & kDescription) part.description = in.Text();
  if (bits & kMd5) part.md5 = in.Text();
  if (bits & kLocation) part.location = in.Text();
  if (bits & kEnvelope) part.envelope = static_cast<uint32_t>(in.Number());
  if (bits & kDisposition) {
    part.disposition = in.Text();
    part.disposition_params = ReadParams(in);
  }
  if (bits & kLanguage) {
    part.language.resize(in.Count());
    for (std::string& tag : part.language) tag = in.Text();
  }
  return part;
}

bool InsideMessage(const Part& part, uint64_t size) {
  return part.header_offset <= size && part.header_size <= size - part.header_offset &&
         part.body_offset == part.header_offset + part.header_size &&
         part.body_size <= size - part.body_offset;
}

absl::Status Corrupt() {
  return MakeError(absl::StatusCode::kDataLoss, Reason::kCorrupt,
                   "stored message structure is damaged");
}

}  // namespace

std::string Serialize(const Structure& structure) {
  Writer out;
  out.Byte(kVersion);
  out.Number(structure.size);
  out.Byte(structure.truncated ? 1 : 0);
  out.Number(structure.envelopes.size());
  for (const Envelope& envelope : structure.envelopes) WriteEnvelope(envelope, out);
  out.Number(structure.parts.size());
  for (const Part& part : structure.parts) WritePart(part, out);
  return out.Take();
}

absl::StatusOr<Structure> Deserialize(std::string_view bytes) {
  Reader in(bytes);
  if (in.Byte() != kVersion) return Corrupt();
  Structure structure;
  structure.size = in.Number();
  structure.truncated = in.Byte() != 0;
  uint64_t envelopes = in.Count();
  for (uint64_t i = 0; i < envelopes && in.ok(); ++i)
    structure.envelopes.push_back(ReadEnvelope(in));
  uint64_t parts = in.Count();
  for (uint64_t i = 0; i < parts && in.ok(); ++i) {
    Part part = ReadPart(in);
    auto index = static_cast<uint32_t>(structure.parts.size());
    if (!InsideMessage(part, structure.size) || part.envelope >= structure.envelopes.size())
      return Corrupt();
    if (index != 0) {
      if (part.parent >= index) return Corrupt();
      structure.parts[part.parent].children.push_back(index);
    } else if (part.parent != 0) {
      return Corrupt();
    }
    structure.parts.push_back(std::move(part));
  }
  if (!in.AtEnd() || structure.parts.empty() || structure.envelopes.empty()) return Corrupt();
  return structure;
}

}  // namespace pennypost::mime
