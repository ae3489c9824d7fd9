#pragma once
// Ids: 16 bytes of a UUID, printed as 36 characters.
//
// A message's mail_id is a UUIDv7 (RFC 9562 5.7) made at acceptance, before any store call. Its
// random bits keep it unique without a right clock. Ids that must come out the same on a retry are
// UUIDv5 of what they follow from.

#include <absl/time/time.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pennypost {

struct Uuid {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  std::string ToString() const;
  // The 16 bytes themselves, as PostgreSQL's binary form wants them.
  std::string_view AsBytes() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static std::optional<Uuid> FromString(std::string_view text);
  static std::optional<Uuid> FromBytes(std::string_view raw);
};

Uuid NewUuidV7(absl::Time now);
Uuid UuidV5(const Uuid& space, std::string_view name);

// n bytes from the operating system's generator.
std::string RandomBytes(size_t n);

std::string Sha256(std::string_view data);

}  // namespace pennypost
