#pragma once
// Is this the user? With brute-force limits that hold over all protocols and processes (ROBUSTNESS
// P1 to P5).

#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "services/directory/core/password.h"
#include "services/directory/store/store.h"

namespace pennypost::directory {

struct LoginOptions {
  PasswordCost cost;
  bool delays = true;
  // Failures of one user name from one network (address, /64) in the window after which nothing is
  // checked any more.
  int lockout_failures = 10;
  // Failures of one user name from anywhere, and of one network with any name.
  int account_failures = 50;
  int network_failures = 100;
  absl::Duration window = absl::Minutes(10);
};

struct LoginAttempt {
  std::string user;
  std::string protocol;  // smtp, imap, pop3, sieve, web
  std::string network;   // what failures are counted by, with the user name
};

struct LoginOutcome {
  absl::StatusOr<AccountRow> account;
  // How long the answer is to be held back.
  absl::Duration delay = absl::ZeroDuration();
};

struct ScramChallenge {
  std::string salt;
  int iterations = 4096;
  std::string stored_key;
  std::string server_key;
};

// Blocking and slow (argon2id). Thread-safe.
class Login {
 public:
  Login(Store& store, const Clock& clock, LoginOptions options);

  // Unauthenticated for an unknown user, a wrong password, a disabled account and a lockout alike;
  // other codes are trouble of ours, and never say that the password was wrong.
  LoginOutcome CheckPassword(const LoginAttempt& attempt, const std::string& password);
  absl::StatusOr<ScramChallenge> GetScramChallenge(const std::string& user);
  LoginOutcome FinishScram(const LoginAttempt& attempt, bool success);

 private:
  absl::StatusOr<std::optional<AccountRow>> Find(const std::string& user);
  absl::StatusOr<bool> Matches(const std::optional<AccountRow>& account,
                               const LoginAttempt& attempt, const std::string& password);
  absl::StatusOr<bool> MatchesAppPassword(const AccountRow& account, const LoginAttempt& attempt,
                                          const std::string& password);
  absl::StatusOr<bool> LockedOut(const LoginAttempt& attempt);
  LoginOutcome Fail(const LoginAttempt& attempt);
  bool KnownClient(const LoginAttempt& attempt);
  void NoteSuccess(const LoginAttempt& attempt);

  Store& store_;
  const Clock& clock_;
  const LoginOptions options_;
  const std::string dummy_hash_;    // checked for unknown users, so that they cost the same
  const std::string cache_secret_;  // keys of the cache mean nothing outside this process
  std::mutex mutex_;
  // Proofs that a password matched a hash, so that a client that logs in again and again costs one
  // argon2id in ten minutes. The key holds the hash: a changed password is a different key.
  std::unordered_map<std::string, absl::Time> proven_;
  // User name and network of logins that went well, and until when that counts.
  std::unordered_map<std::string, absl::Time> known_clients_;
};

// A random app password, 128 bits in groups that can be typed, and what is stored of it.
std::string NewAppPassword();
std::string HashAppPassword(std::string_view password);

}  // namespace pennypost::directory
