#pragma once
// The header block of a message as it stands in the bytes: fields, not meanings.
//
// Shared by all that look at raw headers (DKIM, Received counting, IMAP HEADER.FIELDS, submission
// fix-ups), so that nobody splits fields a second way. Linear in the size of the block; views point
// into the given message.

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace pennypost::mail {

struct HeaderField {
  std::string_view name;  // without the colon, as written
  std::string_view
      value;             // all after the colon, folds and leading space kept, without the last CRLF
  std::string_view raw;  // the whole field with its CRLF
};

struct HeaderLimits {
  size_t max_bytes = 1 << 20;  // of the block
  size_t max_fields = 4096;
  // Counted by HeaderMeter alone.
  size_t max_field_bytes = 100 << 10;  // of one field with its folds
  size_t max_address_tokens = 10240;   // in all address fields
};

struct HeaderBlock {
  std::vector<HeaderField> fields;
  size_t size = 0;         // bytes of the block with the empty line that ends it
  bool truncated = false;  // a limit was reached; the fields up to it are here

  // First field of that name (no case), nullptr if there is none.
  const HeaderField* Find(std::string_view name) const;
  size_t Count(std::string_view name) const;
};

// Splits the header of `message` (RFC 5322 2.2). Takes LF for CRLF, since stored mail of old may
// hold it. A line without a colon that continues nothing ends the header: the body then starts at
// that line (`size` does not cover it).
HeaderBlock ParseHeaderBlock(std::string_view message, const HeaderLimits& limits = {});

// The value without folds (each CRLF before white space goes) and without space at its ends (RFC
// 5322 2.2.3).
std::string Unfold(std::string_view value);

}  // namespace pennypost::mail
