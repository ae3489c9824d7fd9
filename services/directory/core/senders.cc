#include "services/directory/core/senders.h"

#include <algorithm>

#include "mail/address.h"
#include "services/directory/core/admin.h"

namespace pennypost::directory {

absl::StatusOr<std::vector<std::string>> Senders::Foreign(
    int64_t account_id, const std::vector<std::string>& addresses) const {
  ASSIGN_OR_RETURN(auto account, store_.FindAccountById(account_id));
  std::vector<std::string> foreign;
  for (const std::string& address : addresses) {
    bool allowed = false;
    if (account && account->active()) {
      ASSIGN_OR_RETURN(allowed, MaySendAs(*account, address));
    }
    if (!allowed) foreign.push_back(address);
  }
  return foreign;
}

absl::StatusOr<bool> Senders::MaySendAs(const AccountRow& account,
                                        const std::string& address) const {
  auto canonical = CanonicalAddress(address);
  if (!canonical.ok()) return false;
  auto real = mail::ParseAddress(*canonical, mail::Utf8Policy::kAllow);
  if (!real.ok()) return false;
  ASSIGN_OR_RETURN(auto domain, store_.FindDomain(real->domain));
  if (!domain || domain->tenant_id != account.tenant_id) return false;
  if (!domain->alias_of.empty()) real->domain = domain->alias_of;
  std::string exact = real->ToString();
  if (exact == account.address) return true;
  ASSIGN_OR_RETURN(auto row, store_.FindExpansion(exact));
  if (row) {
    return row->send_as && std::find(row->targets.begin(), row->targets.end(), account.address) !=
                               row->targets.end();
  }
  // bob+list@ is bob's, unless somebody has just that address.
  size_t cut = delimiter_.empty() ? std::string::npos : real->local_part.find(delimiter_, 1);
  if (cut == std::string::npos) return false;
  real->local_part.resize(cut);
  if (real->ToString() != account.address) return false;
  ASSIGN_OR_RETURN(auto other, store_.FindAccount(exact));
  return !other;
}

}  // namespace pennypost::directory
