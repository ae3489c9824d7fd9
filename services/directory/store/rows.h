#pragma once
// What the directory remembers, as the core and the stores pass it around. All addresses and
// domains are canonical (mail::Address).

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

namespace pennypost::directory {

// The tenant of domains that are made without one.
inline constexpr int64_t kFirstTenant = 1;
inline constexpr size_t kMaxMembers = 1000;

struct TenantRow {
  int64_t id = 0;
  std::string name;
  bool enabled = true;
  int64_t max_domains = 0;  // 0: no limit
  int64_t max_accounts = 0;
  int64_t default_quota_bytes = 0;  // 0: the platform's
  absl::Time created_at;
  int64_t domains = 0;  // what there is; filled by the store
  int64_t accounts = 0;
};

struct KeyRow {
  std::string selector;
  std::string algorithm;  // rsa, ed25519
  std::string private_key_pem;
  std::string public_record;
  bool operator==(const KeyRow&) const = default;
};

struct DomainRow {
  int64_t id = 0;
  int64_t tenant_id = kFirstTenant;
  std::string name;
  std::string alias_of;
  std::string catch_all;
  bool enabled = true;
  absl::Time created_at;
  std::string tenant;  // its name; filled by the store, as the next
  bool tenant_enabled = true;
  std::vector<KeyRow> keys;  // for InsertDomain; ListKeys reads them
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
  // Of its domain and tenant; filled by the store.
  int64_t tenant_id = kFirstTenant;
  bool domain_enabled = true;  // the tenant, too
  int64_t tenant_quota_bytes = 0;

  bool active() const { return enabled && domain_enabled; }
};

struct AliasRow {
  std::string address;
  std::vector<std::string> targets;
  bool send_as = false;
  bool operator==(const AliasRow&) const = default;
};

struct GroupRow {
  int64_t id = 0;
  std::string address;
  std::string display_name;
  std::string posting = "anyone";  // or tenant, domain, members
  bool send_as = false;
  absl::Time created_at;
  std::vector<std::string> members;  // in order
};

// What an address stands for, be it an alias or a group.
struct ExpansionRow {
  std::string address;
  std::vector<std::string> targets;
  bool send_as = false;
  std::string posting;  // of a group; empty for an alias
  int64_t tenant_id = 0;
  std::string domain;
};

struct AppPasswordRow {
  int64_t id = 0;
  std::string label;
  std::string hash;  // SHA-256 of the secret, which has 128 random bits
  std::vector<std::string> protocols;
  absl::Time created_at;
  absl::Time last_used_at;  // InfinitePast: never
};

// Who changed what. Written with the change, in its transaction.
struct AuditRow {
  int64_t id = 0;
  absl::Time at;
  std::string actor;
  std::string caller;
  std::string action;
  std::string object;
  int64_t tenant_id = 0;
  std::string detail;
};

// What a list may show.
struct Scope {
  int64_t tenant_id = 0;  // 0: all
  std::string domain;     // empty: all
};

struct AuditFilter {
  int64_t tenant_id = 0;  // 0: all
  std::string actor;      // empty: all
  std::string object;
};

// What an attempt to log in is counted by.
struct AttemptKeys {
  std::string login;    // canonical user name, never empty
  std::string address;  // of the client
  std::string network;  // around it; differs from `address`
};

// How many attempts are let through in each window, and where the windows begin.
struct AttemptLimits {
  int of_pair = 0;
  int of_network = 0;
  absl::Time pair_since;
  absl::Time since;
  absl::Time known_since;  // older successes make no client known
};

// Including the attempt itself; 0 where it was not counted.
struct AttemptCounts {
  int of_pair = 0;
  int of_network = 0;
  int of_login = 0;
};

enum class AttemptEnd {
  kSuccess,  // the client is known from now on
  kUnknown,  // trouble of ours: nothing was learnt
};

}  // namespace pennypost::directory
