#include "base/id.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdlib>

#include "base/text.h"

namespace pennypost {

std::string Uuid::ToString() const {
  std::string hex = HexEncode(AsBytes());
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

std::optional<Uuid> Uuid::FromBytes(std::string_view raw) {
  if (raw.size() != 16) return std::nullopt;
  Uuid id;
  for (size_t i = 0; i < 16; ++i) id.bytes[i] = static_cast<uint8_t>(raw[i]);
  return id;
}

std::optional<Uuid> Uuid::FromString(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string hex;
  for (size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return std::nullopt;
    if (!dash) hex.push_back(text[i]);
  }
  auto raw = HexDecode(hex);
  return raw ? FromBytes(*raw) : std::nullopt;
}

Uuid NewUuidV7(absl::Time now) {
  Uuid id = *Uuid::FromBytes(RandomBytes(16));
  auto millis = static_cast<uint64_t>(absl::ToUnixMillis(now));
  for (size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<uint8_t>(millis >> (40 - 8 * i));
  id.bytes[6] = static_cast<uint8_t>((id.bytes[6] & 0x0F) | 0x70);
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

Uuid UuidV5(const Uuid& space, std::string_view name) {
  std::string input(space.AsBytes());
  input += name;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(input.data(), input.size(), digest, &size, EVP_sha1(), nullptr) != 1) abort();
  Uuid id = *Uuid::FromBytes({reinterpret_cast<char*>(digest), 16});
  id.bytes[6] = static_cast<uint8_t>((id.bytes[6] & 0x0F) | 0x50);
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

std::string RandomBytes(size_t n) {
  std::string out(n, '\0');
  // Without randomness no id is unique and no password safe: there is nothing to go on with.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(n)) != 1) abort();
  return out;
}

std::string Sha256(std::string_view data) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), digest, &size, EVP_sha256(), nullptr) != 1) abort();
  return {reinterpret_cast<char*>(digest), size};
}

}  // namespace pennypost
