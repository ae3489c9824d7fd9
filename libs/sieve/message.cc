#include "sieve/message.h"

#include <fmt/format.h>

#include "base/text.h"
#include "mime/encoded_word.h"

namespace pennypost::sieve {
namespace {

std::vector<std::string> ValuesOf(const mail::HeaderBlock& header, std::string_view name,
                                  bool decode) {
  std::vector<std::string> values;
  for (const mail::HeaderField& field : header.fields) {
    if (!EqualsIgnoreCase(field.name, name)) continue;
    // RFC 5228 2.4.2.2: white space at the ends is no part of the value.
    values.emplace_back(Trim(decode ? mime::DecodeHeader(field.value) : mail::Unfold(field.value)));
  }
  return values;
}

}  // namespace

void Message::Replace(std::string bytes) {
  if (!marked_) marked_ = std::move(bytes_);
  bytes_ = std::move(bytes);
  header_ = mail::ParseHeaderBlock(bytes_);
  structure_.reset();
}

void Message::Revert() {
  if (!marked_) return;
  std::string bytes = *std::move(marked_);
  Replace(std::move(bytes));
  Mark();
}

const mime::Structure& Message::structure() const {
  if (!structure_) structure_ = mime::ParseStructure(bytes_);
  return *structure_;
}

std::vector<std::string> Message::Values(std::string_view name) const {
  return ValuesOf(header_, name, true);
}

std::vector<std::string> Message::RawValues(std::string_view name) const {
  return ValuesOf(header_, name, false);
}

std::vector<std::string> Message::PartValues(uint32_t part, std::string_view name) const {
  const mime::Part& at = structure().parts[part];
  std::string_view header = std::string_view(bytes_).substr(at.header_offset, at.header_size);
  return ValuesOf(mail::ParseHeaderBlock(header), name, true);
}

void Message::AddField(std::string_view name, std::string_view value, bool at_end) {
  size_t place = 0;
  if (at_end && !header_.fields.empty()) {
    std::string_view last = header_.fields.back().raw;
    place = static_cast<size_t>(last.data() + last.size() - bytes_.data());
  }
  bool no_header = header_.fields.empty() && header_.size == 0;
  std::string bytes = bytes_.substr(0, place);
  if (place > 0 && !bytes.ends_with('\n')) bytes += "\r\n";
  bytes += fmt::format("{}: {}\r\n", name, value);
  if (no_header) bytes += "\r\n";
  bytes.append(bytes_, place);
  Replace(std::move(bytes));
}

void Message::DeleteField(size_t index) {
  std::string_view raw = header_.fields[index].raw;
  std::string bytes = bytes_;
  bytes.erase(static_cast<size_t>(raw.data() - bytes_.data()), raw.size());
  Replace(std::move(bytes));
}

}  // namespace pennypost::sieve
