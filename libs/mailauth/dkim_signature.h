#pragma once
// One signature field as values: DKIM-Signature (RFC 6376 3.5) and the two of ARC that are made
// like it (RFC 8617 4.1). What is written in it, before any key or body is looked at.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/header.h"
#include "mailauth/dkim_canon.h"
#include "mailauth/dkim_key.h"
#include "mailauth/tag_list.h"

namespace pennypost::mailauth {

enum class SignatureKind { kDkim, kArcMessageSignature, kArcSeal };

struct DkimSignature {
  std::string domain;    // d=, canonical
  std::string selector;  // s=, canonical
  std::string identity;  // i= of DKIM, decoded; "@" and d= where absent
  std::string algorithm_name;
  std::string encoded;  // b= without white space
  DkimAlgorithm algorithm = DkimAlgorithm::kRsaSha256;
  Canon header_canon = Canon::kSimple, body_canon = Canon::kSimple;
  std::vector<std::string> names;  // h=, lower case
  std::string body_hash, signature;
  std::optional<uint64_t> length, made, expires;  // l=, t=, x=

  // "selector._domainkey.domain"
  std::string KeyName() const { return selector + "._domainkey." + domain; }
};

// Reads the field's value. The reason why it cannot be verified, empty where it can; domain and
// selector are filled in as far as they stand there.
std::string ParseSignature(std::string_view value, SignatureKind kind, DkimSignature& signature);
std::string ParseSignature(const TagList& tags, SignatureKind kind, DkimSignature& signature);

// The field with an empty b= and without its line end (RFC 6376 3.7).
std::string WithoutSignature(std::string_view raw);

// The bytes that a signature covers: the fields named, from the bottom up (RFC 6376 5.4.2), then
// the signature's own field with an empty b=. The own field never counts as one of those named
// (5.4.1). Shared by verifier and signer.
std::string DkimSignedData(const mail::HeaderBlock& block, const std::vector<std::string>& names,
                           Canon canon, std::string_view signature_field);

}  // namespace pennypost::mailauth
