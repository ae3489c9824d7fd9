#include "services/directory/core/login.h"

#include <algorithm>

#include "base/id.h"
#include "base/text.h"
#include "log/log.h"
#include "mail/address.h"
#include "sasl/scram.h"

namespace pennypost::directory {
namespace {

constexpr absl::Duration kProofLife = absl::Minutes(10);
constexpr size_t kMaxProofs = 10000;
constexpr absl::Duration kKnownClientLife = absl::Hours(24 * 30);
constexpr absl::Duration kFailuresLife = absl::Hours(24);
constexpr absl::Duration kPurgeEvery = absl::Minutes(10);

absl::Status WrongCredentials() {
  return MakeError(absl::StatusCode::kUnauthenticated, Reason::kBadCredentials,
                   "wrong user name or password");
}

// The first failure may be a slip; from then on each takes longer, up to what a person still waits
// for.
absl::Duration DelayAfter(int failures) {
  if (failures <= 1) return absl::Milliseconds(250);
  return std::min(absl::Milliseconds(500) * (1 << std::min(failures - 2, 5)), absl::Seconds(8));
}

}  // namespace

Login::Login(Store& store, const Clock& clock, LoginOptions options)
    : store_(store),
      clock_(clock),
      options_(options),
      dummy_hash_(MakeCredentials(HexEncode(RandomBytes(16)), options.cost)->password_hash),
      cache_secret_(RandomBytes(32)),
      next_purge_(clock.Now()) {}

absl::StatusOr<Login::Subject> Login::Find(const std::string& user) {
  Subject subject;
  auto address = mail::ParseAddress(user, mail::Utf8Policy::kAllow);
  if (!address.ok()) {
    // No user has such a name, whatever bytes it is made of.
    subject.login = "?" + HexEncode(Sha256(user));
    return subject;
  }
  ASSIGN_OR_RETURN(std::optional<DomainRow> domain, store_.FindDomain(address->domain));
  if (domain && !domain->alias_of.empty()) address->domain = domain->alias_of;
  address->local_part = ToLower(address->local_part);
  // Under each name of the domain it is the same user, with the same attempts.
  subject.login = address->ToString();
  ASSIGN_OR_RETURN(subject.account, store_.FindAccount(subject.login));
  subject.enabled = domain && domain->enabled && subject.account && subject.account->active();
  return subject;
}

absl::StatusOr<Login::Reservation> Login::Reserve(const LoginAttempt& attempt,
                                                  const std::string& login) {
  Reservation reservation;
  reservation.keys = {login, attempt.address, attempt.network};
  if (!options_.delays) return reservation;
  PurgeSometimes();
  absl::Time now = clock_.Now();
  AttemptLimits limits{options_.pair_failures, options_.network_failures,
                       now - options_.pair_window, now - options_.window, now - kKnownClientLife};
  ASSIGN_OR_RETURN(reservation.counts, store_.ReserveAttempt(reservation.keys, limits, now));
  const AttemptCounts& counts = reservation.counts;
  reservation.allowed = counts.of_pair <= options_.pair_failures &&
                        counts.of_network <= options_.network_failures &&
                        counts.of_login <= options_.account_failures;
  return reservation;
}

void Login::Settle(const Reservation& reservation, AttemptEnd end) {
  if (!options_.delays) return;
  absl::Status settled =
      store_.SettleAttempt(reservation.keys, reservation.counts, end, clock_.Now());
  // The answer stands: the user was right. One attempt counts as wrong for a while.
  if (!settled.ok()) log::Warning("directory.attempt.not_settled", {{"error", Describe(settled)}});
}

void Login::PurgeSometimes() {
  absl::Time now = clock_.Now();
  {
    std::lock_guard lock(mutex_);
    if (now < next_purge_) return;
    next_purge_ = now + kPurgeEvery;
  }
  absl::Status purged = store_.PurgeAttempts(now - kFailuresLife, now - kKnownClientLife);
  if (!purged.ok()) log::Warning("directory.attempts.not_purged", {{"error", Describe(purged)}});
}

LoginOutcome Login::Fail(const Reservation& reservation) const {
  if (!options_.delays) return {WrongCredentials()};
  return {WrongCredentials(), DelayAfter(reservation.counts.of_pair)};
}

absl::StatusOr<bool> Login::MatchesAppPassword(const AccountRow& account,
                                               const LoginAttempt& attempt,
                                               const std::string& password) {
  ASSIGN_OR_RETURN(auto rows, store_.ListAppPasswords(account.id));
  if (rows.empty()) return false;
  std::string hash = HashAppPassword(password);
  for (const AppPasswordRow& row : rows) {
    if (!EqualsConstantTime(row.hash, hash)) continue;
    bool good_for = row.protocols.empty() || std::find(row.protocols.begin(), row.protocols.end(),
                                                       attempt.protocol) != row.protocols.end();
    if (!good_for) return false;
    // Once a minute is exact enough for "last used", and keeps logins from being writes.
    if (row.last_used_at < clock_.Now() - absl::Minutes(1)) {
      RETURN_IF_ERROR(store_.TouchAppPassword(row.id, clock_.Now()));
    }
    return true;
  }
  return false;
}

bool Login::Proven(const std::string& key) {
  std::lock_guard lock(mutex_);
  auto it = proven_.find(key);
  return it != proven_.end() && it->second > clock_.Now();
}

absl::StatusOr<bool> Login::Matches(const Subject& subject, const LoginAttempt& attempt,
                                    const std::string& password) {
  if (!subject.account || !subject.enabled) {
    // The time of a wrong password, whether or not this one is right.
    const std::string& hash =
        subject.account ? subject.account->credentials.password_hash : dummy_hash_;
    RETURN_IF_ERROR(VerifyPassword(hash, password).status());
    return false;
  }
  const AccountRow& account = *subject.account;
  std::string key = Sha256(cache_secret_ + account.credentials.password_hash + '\0' + password);
  if (Proven(key)) return true;
  ASSIGN_OR_RETURN(bool app, MatchesAppPassword(account, attempt, password));
  if (app) return true;
  ASSIGN_OR_RETURN(bool right, VerifyPassword(account.credentials.password_hash, password));
  if (!right) return false;
  std::lock_guard lock(mutex_);
  if (proven_.size() >= kMaxProofs) proven_.clear();
  proven_[key] = clock_.Now() + kProofLife;
  return true;
}

LoginOutcome Login::CheckPassword(const LoginAttempt& attempt, const std::string& password) {
  auto subject = Find(attempt.user);
  if (!subject.ok()) return {subject.status()};
  auto reservation = Reserve(attempt, subject->login);
  if (!reservation.ok()) return {reservation.status()};
  if (!reservation->allowed) return Fail(*reservation);
  auto matches = Matches(*subject, attempt, password);
  if (!matches.ok()) {
    Settle(*reservation, AttemptEnd::kUnknown);
    return {matches.status()};
  }
  if (!*matches) return Fail(*reservation);
  Settle(*reservation, AttemptEnd::kSuccess);
  return {*std::move(subject->account)};
}

absl::StatusOr<ScramChallenge> Login::GetScramChallenge(const std::string& user) {
  ASSIGN_OR_RETURN(Subject subject, Find(user));
  if (subject.enabled) {
    const Credentials& c = subject.account->credentials;
    return ScramChallenge{c.scram_salt, c.scram_iterations, c.scram_stored_key, c.scram_server_key};
  }
  // The same invented salt each time for the same name, from every process; keys that no password
  // has.
  ASSIGN_OR_RETURN(std::string secret, store_.Secret("scram-salts"));
  std::string salt = sasl::HmacSha256(secret, subject.login).substr(0, 16);
  return ScramChallenge{salt, 4096, RandomBytes(32), RandomBytes(32)};
}

LoginOutcome Login::FinishScram(const LoginAttempt& attempt, bool success) {
  auto subject = Find(attempt.user);
  if (!subject.ok()) return {subject.status()};
  auto reservation = Reserve(attempt, subject->login);
  if (!reservation.ok()) return {reservation.status()};
  if (!reservation->allowed || !success || !subject->enabled) return Fail(*reservation);
  Settle(*reservation, AttemptEnd::kSuccess);
  return {*std::move(subject->account)};
}

std::string NewAppPassword() {
  // 26 characters of base32 carry 130 bits; letters and digits that are not mistaken for each
  // other.
  constexpr std::string_view kAlphabet = "abcdefghjkmnpqrstuvwxyz23456789-";
  std::string raw = RandomBytes(26);
  std::string out;
  for (size_t i = 0; i < raw.size(); ++i) {
    // 31 of the 32 signs: the dash separates groups. 256 % 31 makes eight signs 3 % likelier; 128
    // bits remain.
    out.push_back(kAlphabet[static_cast<unsigned char>(raw[i]) % 31]);
    if (i % 5 == 4 && i + 1 < raw.size()) out.push_back('-');
  }
  return out;
}

std::string HashAppPassword(std::string_view password) {
  std::string bare;
  for (char c : password) {
    if (c != '-' && c != ' ') bare.push_back(c);
  }
  return Sha256(bare);
}

}  // namespace pennypost::directory
