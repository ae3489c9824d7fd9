#pragma once
// What administrators do: checks of words and rules before the store is asked. Blocking.

#include <string>
#include <vector>

#include "services/directory/core/password.h"
#include "services/directory/store/store.h"

namespace pennypost::directory {

struct AccountChange {
  std::optional<std::string> password;
  std::optional<std::string> display_name;
  std::optional<int64_t> quota_bytes;
  std::optional<bool> enabled;
  std::optional<std::string> role;
};

class Admin {
 public:
  Admin(Store& store, PasswordCost cost) : store_(store), cost_(cost) {}

  // With an RSA and an Ed25519 key for DKIM, unless it is another name of a domain.
  absl::StatusOr<DomainRow> CreateDomain(const std::string& name, const std::string& alias_of,
                                         const std::string& catch_all);
  absl::StatusOr<DomainRow> GetDomain(const std::string& name);
  absl::StatusOr<DomainRow> UpdateDomain(const std::string& name,
                                         const std::optional<std::string>& catch_all,
                                         std::optional<bool> enabled);
  absl::Status DeleteDomain(const std::string& name);

  absl::StatusOr<AccountRow> CreateAccount(const std::string& address, const std::string& password,
                                           const AccountChange& rest);
  absl::StatusOr<AccountRow> GetAccount(const std::string& address);
  absl::StatusOr<AccountRow> UpdateAccount(const std::string& address, const AccountChange& change);
  absl::Status DeleteAccount(const std::string& address);

  absl::StatusOr<AliasRow> CreateAlias(const std::string& address,
                                       const std::vector<std::string>& targets, bool send_as);
  absl::Status DeleteAlias(const std::string& address);

  // Returns the password, which is shown once.
  absl::StatusOr<std::string> CreateAppPassword(const std::string& address, AppPasswordRow& row);

  // Which of the addresses the account may not send as.
  absl::StatusOr<std::vector<std::string>> ForeignSenders(
      int64_t account_id, const std::vector<std::string>& addresses);

 private:
  absl::StatusOr<bool> MaySendAs(const AccountRow& account, const std::string& address);

  Store& store_;
  const PasswordCost cost_;
};

// The canonical form of a local address: lower case, A-labels.
absl::StatusOr<std::string> CanonicalAddress(const std::string& text);

}  // namespace pennypost::directory
