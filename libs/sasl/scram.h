#pragma once
// The arithmetic of SCRAM-SHA-256 (RFC 5802 3, RFC 7677), shared by both sides.
//
// Passwords are used as they are: of SASLprep (RFC 4013) only the prohibition of control characters
// is applied, by the mechanisms. A password that is not in NFC must be typed the same way each
// time.

#include <cstdint>
#include <string>
#include <string_view>

namespace pennypost::sasl {

inline constexpr int kMinScramIterations = 4096;  // RFC 7677 4
inline constexpr int kMaxScramIterations =
    1000000;  // what a client of ours computes for a server, at most

// What a server keeps instead of a password.
struct ScramKeys {
  std::string salt;
  int iterations = 0;
  std::string stored_key;  // 32 bytes
  std::string server_key;  // 32 bytes

  bool operator==(const ScramKeys&) const = default;
};

// Costs `iterations` rounds of HMAC-SHA-256: run it where blocking is allowed.
ScramKeys DeriveScramKeys(std::string_view password, std::string_view salt, int iterations);

std::string HmacSha256(std::string_view key, std::string_view data);

// Client proof and server signature over the AuthMessage.
struct ScramProofs {
  std::string client_proof;
  std::string server_signature;
};
ScramProofs ComputeScramProofs(std::string_view password, std::string_view salt, int iterations,
                               std::string_view auth_message);

// True where `proof` is that of a client that knows the password behind `keys`.
bool VerifyScramProof(const ScramKeys& keys, std::string_view auth_message, std::string_view proof);

// RFC 5802 5.1 saslname: "=2C" for a comma and "=3D" for an equals sign.
std::string EncodeSaslName(std::string_view name);
// False for a stray "=" or a comma.
bool DecodeSaslName(std::string_view text, std::string& name);

// "a=value" at the start of `rest`, up to a comma or the end, taken off with its comma. False where
// another attribute stands there.
bool TakeAttribute(std::string_view& rest, char attribute, std::string_view& value);

// Printable ASCII without a comma, and not empty (RFC 5802 7 "r").
bool IsScramNonce(std::string_view nonce);

// No control characters, well-formed UTF-8, not empty: what we take of a user name or a password.
bool IsAcceptableText(std::string_view text);

}  // namespace pennypost::sasl
