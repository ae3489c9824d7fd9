#include "services/directory/core/login.h"

#include "base/id.h"
#include "base/text.h"
#include "mail/address.h"
#include "sasl/scram.h"

namespace pennypost::directory {
namespace {

constexpr absl::Duration kProofLife = absl::Minutes(10);
constexpr size_t kMaxProofs = 10000;
constexpr absl::Duration kKnownClientLife = absl::Hours(24 * 7);
constexpr size_t kMaxKnownClients = 100000;

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
      cache_secret_(RandomBytes(32)) {}

absl::StatusOr<std::optional<AccountRow>> Login::Find(const std::string& user) {
  auto address = mail::ParseAddress(user, mail::Utf8Policy::kAllow);
  if (!address.ok()) return std::optional<AccountRow>();
  std::string domain = address->domain;
  ASSIGN_OR_RETURN(std::optional<DomainRow> row, store_.FindDomain(domain));
  if (row && !row->alias_of.empty()) domain = row->alias_of;
  ASSIGN_OR_RETURN(
      auto account,
      store_.FindAccount(mail::Address{ToLower(address->local_part), domain}.ToString()));
  if (row && !row->enabled && account) account->enabled = false;
  return account;
}

absl::StatusOr<bool> Login::LockedOut(const LoginAttempt& attempt) {
  if (!options_.delays) return false;
  absl::Time since = clock_.Now() - options_.window;
  ASSIGN_OR_RETURN(int of_network, store_.CountFailures("", attempt.network, since));
  if (of_network >= options_.network_failures) return true;
  // Somebody who guesses from everywhere must not lock the owner out where the owner is known.
  ASSIGN_OR_RETURN(int of_account, store_.CountFailures(ToLower(attempt.user), "", since));
  if (of_account >= options_.account_failures && !KnownClient(attempt)) return true;
  ASSIGN_OR_RETURN(int failures, store_.CountFailures(ToLower(attempt.user), attempt.network,
                                                      clock_.Now() - options_.window));
  return failures >= options_.lockout_failures;
}

bool Login::KnownClient(const LoginAttempt& attempt) {
  std::lock_guard lock(mutex_);
  auto it = known_clients_.find(ToLower(attempt.user) + ' ' + attempt.network);
  return it != known_clients_.end() && it->second > clock_.Now();
}

void Login::NoteSuccess(const LoginAttempt& attempt) {
  std::lock_guard lock(mutex_);
  if (known_clients_.size() >= kMaxKnownClients) known_clients_.clear();
  known_clients_[ToLower(attempt.user) + ' ' + attempt.network] = clock_.Now() + kKnownClientLife;
}

LoginOutcome Login::Fail(const LoginAttempt& attempt) {
  if (!options_.delays) return {WrongCredentials()};
  absl::Time now = clock_.Now();
  auto failures =
      store_.AddFailure(ToLower(attempt.user), attempt.network, now, now - options_.window);
  if (!failures.ok()) return {failures.status()};
  for (const auto& [login, network] : {std::pair{ToLower(attempt.user), std::string()},
                                       std::pair{std::string(), attempt.network}}) {
    auto counted = store_.AddFailure(login, network, now, now - options_.window);
    if (!counted.ok()) return {counted.status()};
  }
  return {WrongCredentials(), DelayAfter(*failures)};
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

absl::StatusOr<bool> Login::Matches(const std::optional<AccountRow>& account,
                                    const LoginAttempt& attempt, const std::string& password) {
  if (!account) {
    RETURN_IF_ERROR(VerifyPassword(dummy_hash_, password).status());
    return false;
  }
  std::string key = Sha256(cache_secret_ + account->credentials.password_hash + '\0' + password);
  absl::Time now = clock_.Now();
  {
    std::lock_guard lock(mutex_);
    auto it = proven_.find(key);
    if (it != proven_.end() && it->second > now) return true;
  }
  ASSIGN_OR_RETURN(bool app, MatchesAppPassword(*account, attempt, password));
  if (app) return true;
  ASSIGN_OR_RETURN(bool right, VerifyPassword(account->credentials.password_hash, password));
  if (!right) return false;
  std::lock_guard lock(mutex_);
  if (proven_.size() >= kMaxProofs) proven_.clear();
  proven_[key] = now + kProofLife;
  return true;
}

LoginOutcome Login::CheckPassword(const LoginAttempt& attempt, const std::string& password) {
  auto locked = LockedOut(attempt);
  if (!locked.ok()) return {locked.status()};
  if (*locked) return Fail(attempt);
  auto account = Find(attempt.user);
  if (!account.ok()) return {account.status()};
  auto matches = Matches(*account, attempt, password);
  if (!matches.ok()) return {matches.status()};
  if (!*matches || !(*account)->enabled) return Fail(attempt);
  NoteSuccess(attempt);
  return {**account};
}

absl::StatusOr<ScramChallenge> Login::GetScramChallenge(const std::string& user) {
  ASSIGN_OR_RETURN(auto account, Find(user));
  if (account && account->enabled) {
    const Credentials& c = account->credentials;
    return ScramChallenge{c.scram_salt, c.scram_iterations, c.scram_stored_key, c.scram_server_key};
  }
  // The same invented salt each time for the same name; keys that no password has.
  std::string salt = sasl::HmacSha256(cache_secret_, ToLower(user)).substr(0, 16);
  return ScramChallenge{salt, 4096, RandomBytes(32), RandomBytes(32)};
}

LoginOutcome Login::FinishScram(const LoginAttempt& attempt, bool success) {
  auto locked = LockedOut(attempt);
  if (!locked.ok()) return {locked.status()};
  if (*locked || !success) return Fail(attempt);
  auto account = Find(attempt.user);
  if (!account.ok()) return {account.status()};
  if (!*account || !(*account)->enabled) return Fail(attempt);
  NoteSuccess(attempt);
  return {**account};
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
