#pragma once
// Passwords: argon2id hashes (RFC 9106) and SCRAM-SHA-256 keys. All of it is slow on purpose: never
// on an io thread.

#include <string>
#include <string_view>

#include "services/directory/store/store.h"

namespace pennypost::directory {

struct PasswordCost {
  uint32_t memory_kib = 47104;
  uint32_t passes = 1;
};

// InvalidArgument for an empty password, one over 1,024 bytes or with control characters.
absl::Status CheckPassword(std::string_view password);
absl::StatusOr<Credentials> MakeCredentials(std::string_view password, const PasswordCost& cost);
// Unavailable where the hash could not be computed: that says nothing about the password.
absl::StatusOr<bool> VerifyPassword(const std::string& hash, std::string_view password);

}  // namespace pennypost::directory
