#pragma once
// The first words of a message for a list of mails (RFC 8970).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mime/structure.h"

namespace pennypost::mime {

// RFC 8970 3.3: 200 characters are asked for, more than 256 forbidden.
inline constexpr size_t kPreviewCharacters = 200;
// So much of the part's own bytes is enough for them.
inline constexpr uint64_t kPreviewBytes = 16 << 10;

// The part that is read first: plain text, else HTML; no attachments. Nothing if there is none.
std::optional<uint32_t> PreviewPart(const Structure& structure);

// `body` is the beginning of that part's bytes. UTF-8; white space is single spaces, quoted lines
// and signatures of plain text are left out.
std::string MakePreview(std::string_view body, const Part& part);

}  // namespace pennypost::mime
