#pragma once
// The structure of a message: its tree of MIME parts and its ENVELOPE.
//
// Parsed once when a message is stored, kept in serialized form beside it, and read by everything
// that shows mail, so that IMAP FETCH never parses a body and all services see the same parts.
//
// Invariants
//   - Broken mail is never an error: every message has at least one part, the message itself
//   (`parts[0]`).
//   - Parts stand in the order of the bytes; a parent comes before its children; ranges lie inside
//   the message.
//   - No recursion and time linear in the message, whatever its depth. What lies deeper than a
//   limit is an opaque leaf
//     (application/octet-stream), what comes after the last part allowed belongs to that part;
//     `truncated` is set.

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mime/address.h"
#include "mime/parameters.h"

namespace pennypost::mime {

// Fields as in RFC 9051 7.5.2: unfolded, otherwise as written. nullopt where the field is not
// there.
struct Envelope {
  std::optional<std::string> date;
  std::optional<std::string> subject;
  AddressList from;
  AddressList sender;    // empty if absent: IMAP shows From instead
  AddressList reply_to;  // the same
  AddressList to;
  AddressList cc;
  AddressList bcc;
  std::optional<std::string> in_reply_to;
  std::optional<std::string> message_id;
  bool operator==(const Envelope&) const = default;
};

struct Part {
  std::string type = "text";  // lower case
  std::string subtype = "plain";
  Params params;
  std::string id;  // Content-ID and so on: unfolded, empty if absent
  std::string description;
  std::string encoding = "7bit";  // lower case
  std::string md5;
  std::string disposition;  // lower case, empty if absent
  Params disposition_params;
  std::vector<std::string> language;
  std::string location;

  uint64_t header_offset = 0;  // all offsets are from the start of the message
  uint64_t header_size = 0;    // with the empty line
  uint64_t body_offset = 0;
  uint64_t body_size = 0;
  uint64_t lines = 0;  // line ends in the body; for text and message/rfc822

  uint32_t parent = 0;             // the part itself at index 0
  std::vector<uint32_t> children;  // of a multipart, or the one message inside a message/rfc822
  uint32_t envelope = 0;           // of a message/rfc822: index of the inner message's envelope

  bool IsMultipart() const { return type == "multipart"; }
  // A message/rfc822 (or message/global) whose content was parsed.
  bool IsMessage() const { return type == "message" && !children.empty(); }
  bool operator==(const Part&) const = default;
};

struct Structure {
  std::vector<Part> parts;
  std::vector<Envelope> envelopes;  // [0] is the message's own
  uint64_t size = 0;                // of the whole message
  bool truncated = false;

  const Envelope& envelope() const { return envelopes[0]; }
  bool operator==(const Structure&) const = default;
};

struct StructureLimits {
  size_t max_depth = 100;
  size_t max_parts = 10'000;
};

Structure ParseStructure(std::string_view message, const StructureLimits& limits = {});

// The part of an IMAP section ("1.2" as {1, 2}; {} is the message), RFC 9051 6.4.5.1. An index into
// parts.
std::optional<uint32_t> FindPart(const Structure& structure, std::span<const uint32_t> path);

// Compact form with a version byte. Deserialize refuses what Serialize of a known version cannot
// have written (DataLoss, CORRUPT).
std::string Serialize(const Structure& structure);
absl::StatusOr<Structure> Deserialize(std::string_view bytes);

// File name for people (RFC 2183 filename, else the old name parameter), UTF-8; empty if there is
// none.
std::string FileName(const Part& part);

}  // namespace pennypost::mime
