#include "sasl/scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/id.h"
#include "base/text.h"

namespace pennypost::sasl {
namespace {

constexpr size_t kHashSize = 32;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string SaltedPassword(std::string_view password, std::string_view salt, int iterations) {
  std::string out(kHashSize, '\0');
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), Bytes(salt),
                    static_cast<int>(salt.size()), iterations, EVP_sha256(), kHashSize,
                    reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

std::string Xor(std::string_view a, std::string_view b) {
  std::string out(a);
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ b[i]);
  return out;
}

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view data) {
  std::string out(kHashSize, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(data), data.size(),
       reinterpret_cast<unsigned char*>(out.data()), &size);
  return out;
}

ScramKeys DeriveScramKeys(std::string_view password, std::string_view salt, int iterations) {
  std::string salted = SaltedPassword(password, salt, iterations);
  return {.salt = std::string(salt),
          .iterations = iterations,
          .stored_key = Sha256(HmacSha256(salted, "Client Key")),
          .server_key = HmacSha256(salted, "Server Key")};
}

ScramProofs ComputeScramProofs(std::string_view password, std::string_view salt, int iterations,
                               std::string_view auth_message) {
  std::string salted = SaltedPassword(password, salt, iterations);
  std::string client_key = HmacSha256(salted, "Client Key");
  std::string signature = HmacSha256(Sha256(client_key), auth_message);
  return {.client_proof = Xor(client_key, signature),
          .server_signature = HmacSha256(HmacSha256(salted, "Server Key"), auth_message)};
}

bool VerifyScramProof(const ScramKeys& keys, std::string_view auth_message,
                      std::string_view proof) {
  if (proof.size() != kHashSize || keys.stored_key.size() != kHashSize) return false;
  std::string client_key = Xor(proof, HmacSha256(keys.stored_key, auth_message));
  return EqualsConstantTime(Sha256(client_key), keys.stored_key);
}

std::string EncodeSaslName(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

bool DecodeSaslName(std::string_view text, std::string& name) {
  name.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') return false;
    if (text[i] != '=') {
      name.push_back(text[i]);
      continue;
    }
    std::string_view code = text.substr(i + 1, 2);
    if (code != "2C" && code != "3D") return false;
    name.push_back(code == "2C" ? ',' : '=');
    i += 2;
  }
  return IsAcceptableText(name);
}

bool TakeAttribute(std::string_view& rest, char attribute, std::string_view& value) {
  if (rest.size() < 2 || rest[0] != attribute || rest[1] != '=') return false;
  size_t comma = rest.find(',');
  value = rest.substr(2, comma == std::string_view::npos ? comma : comma - 2);
  rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  return true;
}

bool IsScramNonce(std::string_view nonce) {
  if (nonce.empty()) return false;
  for (char c : nonce) {
    if (c < 0x21 || c > 0x7E || c == ',') return false;
  }
  return true;
}

bool IsAcceptableText(std::string_view text) {
  if (text.empty() || !IsUtf8(text)) return false;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return false;
  }
  return true;
}

}  // namespace pennypost::sasl
