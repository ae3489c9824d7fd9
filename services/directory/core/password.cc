#include "services/directory/core/password.h"

#include <argon2.h>

#include "base/id.h"
#include "sasl/scram.h"

namespace pennypost::directory {
namespace {
constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr int kScramIterations = 4096;  // RFC 7677 4: at least
}  // namespace

absl::Status CheckPassword(std::string_view password) {
  if (password.empty()) return SyntaxError("the password is empty");
  if (password.size() > 1024) return SyntaxError("the password is longer than 1,024 bytes");
  for (char c : password) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return SyntaxError("the password has a control character");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Credentials> MakeCredentials(std::string_view password, const PasswordCost& cost) {
  RETURN_IF_ERROR(CheckPassword(password));
  Credentials credentials;
  std::string salt = RandomBytes(kSaltBytes);
  char encoded[256];
  int result =
      argon2id_hash_encoded(cost.passes, cost.memory_kib, 1, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, encoded, sizeof encoded);
  if (result != ARGON2_OK) return BugError(fmt::format("argon2: {}", argon2_error_message(result)));
  credentials.password_hash = encoded;
  credentials.scram_salt = RandomBytes(kSaltBytes);
  credentials.scram_iterations = kScramIterations;
  sasl::ScramKeys keys = sasl::DeriveScramKeys(password, credentials.scram_salt, kScramIterations);
  credentials.scram_stored_key = keys.stored_key;
  credentials.scram_server_key = keys.server_key;
  return credentials;
}

absl::StatusOr<bool> VerifyPassword(const std::string& hash, std::string_view password) {
  int result = argon2id_verify(hash.c_str(), password.data(), password.size());
  if (result == ARGON2_OK) return true;
  if (result == ARGON2_VERIFY_MISMATCH) return false;
  return UnavailableError(fmt::format("argon2: {}", argon2_error_message(result)));
}

}  // namespace pennypost::directory
