#pragma once
// DKIM signing: relaxed/relaxed, without l=, with the fields a forger would add signed once more
// than they occur.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/dkim_key.h"

namespace pennypost::mailauth {

struct DkimSigningKey {
  std::string domain;
  std::string selector;
  DkimPrivateKey key;
};

struct DkimSignOptions {
  int64_t unix_seconds = 0;
  int64_t valid_seconds = 7 * 24 * 3600;  // x=; limits replay
};

// The DKIM-Signature fields to put above `message`, each with CRLF, one a key. The message must be
// final: any change to a signed field or the body behind this breaks the signature. Several keys
// (RSA and Ed25519) sign the same content.
std::string DkimSign(std::string_view message, const std::vector<DkimSigningKey>& keys,
                     const DkimSignOptions& options);

}  // namespace pennypost::mailauth
