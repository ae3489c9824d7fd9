#pragma once
// What the directory remembers. Blocking; thread-safe. PgStore is the record, MemoryStore serves
// tests; both pass store_contract.h. All addresses and domains are canonical (mail::Address).

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace pennypost::directory {

struct KeyRow {
  std::string selector;
  std::string algorithm;  // rsa, ed25519
  std::string private_key_pem;
  std::string public_record;
  bool operator==(const KeyRow&) const = default;
};

struct DomainRow {
  int64_t id = 0;
  int64_t tenant_id = 1;
  std::string name;
  std::string alias_of;
  std::string catch_all;
  bool enabled = true;
  absl::Time created_at;
  std::vector<KeyRow> keys;  // filled by FindDomain, not by ListDomains
};

struct Credentials {
  std::string password_hash;  // PHC string of argon2id
  std::string scram_salt;
  int scram_iterations = 0;
  std::string scram_stored_key;
  std::string scram_server_key;
};

struct AccountRow {
  int64_t id = 0;
  std::string address;
  std::string display_name;
  int64_t quota_bytes = 0;
  bool enabled = true;
  std::string role = "user";
  absl::Time created_at;
  Credentials credentials;
};

struct AliasRow {
  std::string address;
  std::vector<std::string> targets;
  bool send_as = false;
  bool operator==(const AliasRow&) const = default;
};

struct AppPasswordRow {
  int64_t id = 0;
  std::string label;
  std::string hash;  // SHA-256 of the secret, which has 128 random bits
  std::vector<std::string> protocols;
  absl::Time created_at;
  absl::Time last_used_at;  // InfinitePast: never
};

class Store {
 public:
  virtual ~Store() = default;

  virtual absl::StatusOr<std::optional<DomainRow>> FindDomain(const std::string& name) = 0;
  // In the order of names, after `after`.
  virtual absl::StatusOr<std::vector<DomainRow>> ListDomains(const std::string& after,
                                                             int limit) = 0;
  // Sets id and created_at; AlreadyExists.
  virtual absl::Status InsertDomain(DomainRow& domain) = 0;
  virtual absl::Status UpdateDomain(const DomainRow& domain) = 0;
  // FailedPrecondition while accounts or alias domains need it, NotFound.
  virtual absl::Status DeleteDomain(const std::string& name) = 0;

  virtual absl::StatusOr<std::optional<AccountRow>> FindAccount(const std::string& address) = 0;
  virtual absl::StatusOr<std::optional<AccountRow>> FindAccountById(int64_t id) = 0;
  // An empty domain: all.
  virtual absl::StatusOr<std::vector<AccountRow>> ListAccounts(const std::string& domain,
                                                               const std::string& after,
                                                               int limit) = 0;
  // NotFound if the domain does not exist, AlreadyExists also if an alias has the address.
  virtual absl::Status InsertAccount(const std::string& domain, AccountRow& account) = 0;
  // Without `credentials_too` the stored ones stay, whatever `account` holds.
  virtual absl::Status UpdateAccount(const AccountRow& account, bool credentials_too) = 0;
  virtual absl::Status DeleteAccount(const std::string& address) = 0;

  virtual absl::StatusOr<std::optional<AliasRow>> FindAlias(const std::string& address) = 0;
  virtual absl::StatusOr<std::vector<AliasRow>> ListAliases(const std::string& domain,
                                                            const std::string& after,
                                                            int limit) = 0;
  virtual absl::Status InsertAlias(const std::string& domain, const AliasRow& alias) = 0;
  virtual absl::Status DeleteAlias(const std::string& address) = 0;

  virtual absl::Status InsertAppPassword(int64_t account_id, AppPasswordRow& row) = 0;
  virtual absl::StatusOr<std::vector<AppPasswordRow>> ListAppPasswords(int64_t account_id) = 0;
  virtual absl::Status TouchAppPassword(int64_t id, absl::Time used_at) = 0;
  virtual absl::Status DeleteAppPassword(int64_t account_id, int64_t id) = 0;

  // Failed logins of a user name from a network since `since`.
  virtual absl::StatusOr<int> CountFailures(const std::string& login, const std::string& network,
                                            absl::Time since) = 0;
  // Counts one more (older ones than `since` are forgotten) and returns the count.
  virtual absl::StatusOr<int> AddFailure(const std::string& login, const std::string& network,
                                         absl::Time now, absl::Time since) = 0;
  virtual absl::Status ClearFailures(const std::string& login, const std::string& network) = 0;

  // OK when the store answers.
  virtual absl::Status Health() const = 0;
};

}  // namespace pennypost::directory
