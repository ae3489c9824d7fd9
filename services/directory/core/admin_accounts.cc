// Accounts and app passwords.

#include <algorithm>
#include <array>

#include "services/directory/core/admin.h"
#include "services/directory/core/admin_words.h"
#include "services/directory/core/login.h"

namespace pennypost::directory {

absl::StatusOr<AccountRow> Admin::FindAccount(const Principal& who, Action action, Place& place) {
  ASSIGN_OR_RETURN(auto account, store_.FindAccount(place.address));
  if (!account) return NoSuch("account", place.address);
  ASSIGN_OR_RETURN(place.object.role, ParseRole(account->role));
  RETURN_IF_ERROR(Authorize(who, action, place.object));
  return *account;
}

absl::StatusOr<AccountRow> Admin::CreateAccount(const Principal& who, const std::string& address,
                                                const std::string& password,
                                                const AccountChange& rest) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kManageAccount, address));
  AccountRow account;
  account.address = place.address;
  account.display_name = rest.display_name.value_or("");
  account.quota_bytes = rest.quota_bytes.value_or(0);
  if (!rest.role.value_or("").empty()) account.role = *rest.role;
  ASSIGN_OR_RETURN(place.object.role, ParseRole(account.role));
  if (place.object.role != Role::kUser) {
    RETURN_IF_ERROR(Authorize(who, Action::kGrantRole, place.object));
  }
  RETURN_IF_ERROR(CheckLabel("the name", account.display_name));
  RETURN_IF_ERROR(CheckNotNegative("a quota", account.quota_bytes));
  if (!place.domain.alias_of.empty()) {
    return SyntaxError(fmt::format("{} is another name of {}: make the account there",
                                   place.domain.name, place.domain.alias_of));
  }
  ASSIGN_OR_RETURN(auto existing, store_.FindAccount(account.address));
  if (existing) return ExistsError(fmt::format("the account {} exists already", account.address));
  ASSIGN_OR_RETURN(account.credentials, MakeCredentials(password, cost_));
  std::string detail = Listed({Changed("role", std::string("user"), account.role),
                               Changed("quota_bytes", int64_t{0}, account.quota_bytes)});
  RETURN_IF_ERROR(store_.InsertAccount(
      place.domain.name, account,
      Entry(who, "account.create", account.address, place.domain.tenant_id, std::move(detail))));
  account.tenant_id = place.domain.tenant_id;
  return account;
}

absl::StatusOr<AccountRow> Admin::GetAccount(const Principal& who, const std::string& address) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kReadAccount, address));
  ASSIGN_OR_RETURN(auto account, store_.FindAccount(place.address));
  if (!account) return NoSuch("account", place.address);
  return *account;
}

absl::StatusOr<std::vector<AccountRow>> Admin::ListAccounts(const Principal& who,
                                                            const Wanted& wanted) {
  ASSIGN_OR_RETURN(Scope scope, ListScope(who, Action::kReadAccount, wanted));
  return store_.ListAccounts(scope, wanted.after, wanted.limit);
}

absl::StatusOr<AccountRow> Admin::UpdateAccount(const Principal& who, const std::string& address,
                                                const AccountChange& change) {
  bool by_admin = change.quota_bytes || change.enabled;
  Action action = by_admin ? Action::kManageAccount : Action::kChangeSecrets;
  ASSIGN_OR_RETURN(Place place, FindPlace(who, action, address));
  ASSIGN_OR_RETURN(AccountRow account, FindAccount(who, action, place));
  AccountRow before = account;
  if (change.role) {
    ASSIGN_OR_RETURN(Role wanted, ParseRole(*change.role));
    place.object.role = std::max(place.object.role, wanted);
    RETURN_IF_ERROR(Authorize(who, Action::kGrantRole, place.object));
    account.role = *change.role;
  }
  account.display_name = change.display_name.value_or(account.display_name);
  account.quota_bytes = change.quota_bytes.value_or(account.quota_bytes);
  account.enabled = change.enabled.value_or(account.enabled);
  RETURN_IF_ERROR(CheckLabel("the name", account.display_name));
  RETURN_IF_ERROR(CheckNotNegative("a quota", account.quota_bytes));
  if (change.password) {
    ASSIGN_OR_RETURN(account.credentials, MakeCredentials(*change.password, cost_));
  }
  std::string detail = Listed({change.password ? "password" : "",
                               Changed("display_name", before.display_name, account.display_name),
                               Changed("quota_bytes", before.quota_bytes, account.quota_bytes),
                               Changed("enabled", before.enabled, account.enabled),
                               Changed("role", before.role, account.role)});
  RETURN_IF_ERROR(store_.UpdateAccount(
      account, change.password.has_value(),
      Entry(who, "account.update", account.address, account.tenant_id, std::move(detail))));
  return account;
}

absl::Status Admin::DeleteAccount(const Principal& who, const std::string& address) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kManageAccount, address));
  ASSIGN_OR_RETURN(AccountRow account, FindAccount(who, Action::kManageAccount, place));
  return store_.DeleteAccount(account.address,
                              Entry(who, "account.delete", account.address, account.tenant_id));
}

absl::StatusOr<std::string> Admin::CreateAppPassword(const Principal& who,
                                                     const std::string& address,
                                                     AppPasswordRow& row) {
  constexpr std::array<std::string_view, 5> kProtocols = {"smtp", "imap", "pop3", "sieve", "web"};
  for (const std::string& protocol : row.protocols) {
    if (std::find(kProtocols.begin(), kProtocols.end(), protocol) == kProtocols.end()) {
      return SyntaxError(
          fmt::format("'{}' is no protocol: smtp, imap, pop3, sieve or web", protocol));
    }
  }
  RETURN_IF_ERROR(CheckLabel("the label", row.label));
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kChangeSecrets, address));
  ASSIGN_OR_RETURN(AccountRow account, FindAccount(who, Action::kChangeSecrets, place));
  std::string password = NewAppPassword();
  row.hash = HashAppPassword(password);
  RETURN_IF_ERROR(store_.InsertAppPassword(
      account.id, row,
      Entry(who, "app-password.create", account.address, account.tenant_id, row.label)));
  return password;
}

absl::StatusOr<std::vector<AppPasswordRow>> Admin::ListAppPasswords(const Principal& who,
                                                                    const std::string& address) {
  ASSIGN_OR_RETURN(AccountRow account, GetAccount(who, address));
  return store_.ListAppPasswords(account.id);
}

absl::Status Admin::DeleteAppPassword(const Principal& who, const std::string& address,
                                      int64_t id) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kChangeSecrets, address));
  ASSIGN_OR_RETURN(AccountRow account, FindAccount(who, Action::kChangeSecrets, place));
  absl::Status gone = store_.DeleteAppPassword(
      account.id, id,
      Entry(who, "app-password.delete", account.address, account.tenant_id, std::to_string(id)));
  return absl::IsNotFound(gone) ? NoSuch("app password", std::to_string(id)) : gone;
}

}  // namespace pennypost::directory
