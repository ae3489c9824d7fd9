#pragma once
// What the header fields of one entity say: the step of ParseStructure that reads meanings.

#include "mail/header.h"
#include "mime/structure.h"

namespace pennypost::mime {

// Fills the Content-* members. `part` holds the defaults of its place (RFC 2045 5.2, RFC
// 2046 5.1.5).
void ReadContentFields(const mail::HeaderBlock& header, Part& part);

// The first field of each name counts; address lists that stand twice (RFC 5322 3.6 forbids it) are
// joined. At most `max_addresses` entries of address lists in all.
Envelope ReadEnvelope(const mail::HeaderBlock& header, size_t max_addresses = 10'000);

}  // namespace pennypost::mime
