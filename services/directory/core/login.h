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
  // How many wrong passwords are looked at: for one user name from one address in `pair_window`;
  // from one network (/24, /56) with any names, and for one user name from networks it never logged
  // in from, in `window`.
  int pair_failures = 10;
  int network_failures = 100;
  int account_failures = 50;
  absl::Duration pair_window = absl::Minutes(10);
  absl::Duration window = absl::Hours(1);
};

struct LoginAttempt {
  std::string user;
  std::string protocol;  // smtp, imap, pop3, sieve, web
  std::string address;   // of the client; its /64 for IPv6
  std::string network;   // around it: /24, or /56
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
//
// An attempt is counted before the password is looked at, and taken back where it was right:
// guesses that come at once cannot pass a limit together.
class Login {
 public:
  Login(Store& store, const Clock& clock, LoginOptions options);

  // Unauthenticated for an unknown user, a wrong password, a disabled account, domain or tenant and
  // a lockout alike; other codes are trouble of ours, and never say that the password was wrong.
  LoginOutcome CheckPassword(const LoginAttempt& attempt, const std::string& password);
  absl::StatusOr<ScramChallenge> GetScramChallenge(const std::string& user);
  LoginOutcome FinishScram(const LoginAttempt& attempt, bool success);

 private:
  // Who is meant, and what attempts at him are counted by. The account is there also if it is
  // switched off.
  struct Subject {
    std::optional<AccountRow> account;
    bool enabled = false;
    std::string login;
  };
  struct Reservation {
    AttemptKeys keys;
    AttemptCounts counts;
    bool allowed = true;
  };
  absl::StatusOr<Subject> Find(const std::string& user);
  absl::StatusOr<Reservation> Reserve(const LoginAttempt& attempt, const std::string& login);
  void Settle(const Reservation& reservation, AttemptEnd end);
  LoginOutcome Fail(const Reservation& reservation) const;
  absl::StatusOr<bool> Matches(const Subject& subject, const LoginAttempt& attempt,
                               const std::string& password);
  absl::StatusOr<bool> MatchesAppPassword(const AccountRow& account, const LoginAttempt& attempt,
                                          const std::string& password);
  bool Proven(const std::string& key);
  void PurgeSometimes();

  Store& store_;
  const Clock& clock_;
  const LoginOptions options_;
  const std::string dummy_hash_;    // checked for unknown users, so that they cost the same
  const std::string cache_secret_;  // keys of the cache mean nothing outside this process
  std::mutex mutex_;
  // Proofs that a password matched a hash, so that a client that logs in again and again costs one
  // argon2id in ten minutes. The key holds the hash: a changed password is a different key.
  std::unordered_map<std::string, absl::Time> proven_;
  absl::Time next_purge_;
};

// A random app password, 128 bits in groups that can be typed, and what is stored of it.
std::string NewAppPassword();
std::string HashAppPassword(std::string_view password);

}  // namespace pennypost::directory
