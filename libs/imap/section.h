#pragma once
// BODY[...] of a message whose structure is known (RFC 9051 6.4.5.1): ranges of its bytes, never a
// parse of them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "imap/command.h"
#include "mime/structure.h"

namespace pennypost::imap {

// A range of the message's bytes.
struct ByteRange {
  uint64_t offset = 0;
  uint64_t size = 0;
  bool operator==(const ByteRange&) const = default;
};

// What the item needs of the message's content.
// kRecord: what is stored about it besides its structure.
enum class Needs { kNothing, kRecord, kStructure, kHeader, kContent };
Needs NeedsOf(const FetchItem& item);

// The bytes of a section before a partial is applied; nothing if the message has no such part. For
// HEADER.FIELDS it is the header to choose from.
std::optional<ByteRange> SectionRange(const mime::Structure& structure, const Section& section);

// The header fields of HEADER.FIELDS or HEADER.FIELDS.NOT, with the empty line that ends them.
std::string SelectHeaderFields(std::string_view header, const Section& section);

// `bytes` cut to <offset.length>; an offset behind the end gives nothing.
std::string_view ApplyPartial(std::string_view bytes, const FetchItem& item);

// The section of the old names RFC822, RFC822.HEADER and RFC822.TEXT; for others the item's own.
Section SectionOf(const FetchItem& item);

}  // namespace pennypost::imap
