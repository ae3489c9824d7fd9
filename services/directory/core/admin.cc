#include "services/directory/core/admin.h"

#include "base/text.h"
#include "mail/address.h"
#include "mailauth/dkim_key.h"
#include "services/directory/core/login.h"

namespace pennypost::directory {
namespace {

std::string DomainOf(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

absl::StatusOr<KeyRow> NewKey(mailauth::DkimAlgorithm algorithm, std::string name,
                              std::string selector) {
  ASSIGN_OR_RETURN(auto key, mailauth::DkimPrivateKey::Generate(algorithm));
  return KeyRow{std::move(selector), std::move(name), key.ToPem(), key.PublicRecord()};
}

absl::Status CheckRole(const std::string& role) {
  for (const char* known : {"user", "domain_admin", "tenant_admin", "platform_admin"}) {
    if (role == known) return absl::OkStatus();
  }
  return SyntaxError(
      fmt::format("'{}' is no role: user, domain_admin, tenant_admin or platform_admin", role));
}

absl::Status NoSuch(std::string_view what, const std::string& name) {
  return NotFoundError(fmt::format("no such {}: {}", what, name));
}

}  // namespace

absl::StatusOr<std::string> CanonicalAddress(const std::string& text) {
  ASSIGN_OR_RETURN(mail::Address address, mail::ParseAddress(text, mail::Utf8Policy::kAllow));
  if (address.is_literal)
    return SyntaxError(fmt::format("{}: an address literal has no account", text));
  address.local_part = ToLower(address.local_part);
  return address.ToString();
}

absl::StatusOr<DomainRow> Admin::CreateDomain(const std::string& name, const std::string& alias_of,
                                              const std::string& catch_all) {
  DomainRow domain;
  ASSIGN_OR_RETURN(domain.name, mail::NormalizeDomain(name));
  if (!alias_of.empty()) {
    ASSIGN_OR_RETURN(domain.alias_of, mail::NormalizeDomain(alias_of));
    ASSIGN_OR_RETURN(auto real, store_.FindDomain(domain.alias_of));
    if (!real) return NoSuch("domain", alias_of);
    if (!real->alias_of.empty())
      return SyntaxError(fmt::format("{} is itself another name of a domain", alias_of));
  }
  if (!catch_all.empty()) {
    ASSIGN_OR_RETURN(domain.catch_all, CanonicalAddress(catch_all));
  }
  ASSIGN_OR_RETURN(auto existing, store_.FindDomain(domain.name));
  if (existing) return ExistsError(fmt::format("the domain {} exists already", domain.name));
  ASSIGN_OR_RETURN(KeyRow rsa, NewKey(mailauth::DkimAlgorithm::kRsaSha256, "rsa", "pp-rsa1"));
  ASSIGN_OR_RETURN(KeyRow ed25519,
                   NewKey(mailauth::DkimAlgorithm::kEd25519Sha256, "ed25519", "pp-ed1"));
  domain.keys = {std::move(ed25519), std::move(rsa)};
  RETURN_IF_ERROR(store_.InsertDomain(domain));
  return domain;
}

absl::StatusOr<DomainRow> Admin::GetDomain(const std::string& name) {
  ASSIGN_OR_RETURN(std::string normal, mail::NormalizeDomain(name));
  ASSIGN_OR_RETURN(auto domain, store_.FindDomain(normal));
  if (!domain) return NoSuch("domain", name);
  return *domain;
}

absl::StatusOr<DomainRow> Admin::UpdateDomain(const std::string& name,
                                              const std::optional<std::string>& catch_all,
                                              std::optional<bool> enabled) {
  ASSIGN_OR_RETURN(DomainRow domain, GetDomain(name));
  if (catch_all) {
    domain.catch_all.clear();
    if (!catch_all->empty()) {
      ASSIGN_OR_RETURN(domain.catch_all, CanonicalAddress(*catch_all));
    }
  }
  if (enabled) domain.enabled = *enabled;
  RETURN_IF_ERROR(store_.UpdateDomain(domain));
  return domain;
}

absl::Status Admin::DeleteDomain(const std::string& name) {
  ASSIGN_OR_RETURN(std::string normal, mail::NormalizeDomain(name));
  return store_.DeleteDomain(normal);
}

absl::StatusOr<AccountRow> Admin::CreateAccount(const std::string& address,
                                                const std::string& password,
                                                const AccountChange& rest) {
  AccountRow account;
  ASSIGN_OR_RETURN(account.address, CanonicalAddress(address));
  account.display_name = rest.display_name.value_or("");
  account.quota_bytes = rest.quota_bytes.value_or(0);
  account.role = rest.role.value_or("user");
  if (account.role.empty()) account.role = "user";
  RETURN_IF_ERROR(CheckRole(account.role));
  if (account.quota_bytes < 0) return SyntaxError("a quota cannot be negative");
  std::string domain = DomainOf(account.address);
  ASSIGN_OR_RETURN(auto row, store_.FindDomain(domain));
  if (!row) return NoSuch("domain", domain);
  if (!row->alias_of.empty())
    return SyntaxError(
        fmt::format("{} is another name of {}: make the account there", domain, row->alias_of));
  ASSIGN_OR_RETURN(auto existing, store_.FindAccount(account.address));
  if (existing) return ExistsError(fmt::format("the account {} exists already", account.address));
  ASSIGN_OR_RETURN(account.credentials, MakeCredentials(password, cost_));
  RETURN_IF_ERROR(store_.InsertAccount(domain, account));
  return account;
}

absl::StatusOr<AccountRow> Admin::GetAccount(const std::string& address) {
  ASSIGN_OR_RETURN(std::string canonical, CanonicalAddress(address));
  ASSIGN_OR_RETURN(auto account, store_.FindAccount(canonical));
  if (!account) return NoSuch("account", address);
  return *account;
}

absl::StatusOr<AccountRow> Admin::UpdateAccount(const std::string& address,
                                                const AccountChange& change) {
  ASSIGN_OR_RETURN(AccountRow account, GetAccount(address));
  if (change.role) {
    RETURN_IF_ERROR(CheckRole(*change.role));
    account.role = *change.role;
  }
  if (change.quota_bytes && *change.quota_bytes < 0)
    return SyntaxError("a quota cannot be negative");
  if (change.password) {
    ASSIGN_OR_RETURN(account.credentials, MakeCredentials(*change.password, cost_));
  }
  account.display_name = change.display_name.value_or(account.display_name);
  account.quota_bytes = change.quota_bytes.value_or(account.quota_bytes);
  account.enabled = change.enabled.value_or(account.enabled);
  RETURN_IF_ERROR(store_.UpdateAccount(account, change.password.has_value()));
  return account;
}

absl::Status Admin::DeleteAccount(const std::string& address) {
  ASSIGN_OR_RETURN(std::string canonical, CanonicalAddress(address));
  return store_.DeleteAccount(canonical);
}

absl::StatusOr<AliasRow> Admin::CreateAlias(const std::string& address,
                                            const std::vector<std::string>& targets, bool send_as) {
  AliasRow alias;
  alias.send_as = send_as;
  ASSIGN_OR_RETURN(alias.address, CanonicalAddress(address));
  if (targets.empty()) return SyntaxError("an alias needs at least one target");
  if (targets.size() > 1000) return SyntaxError("an alias has at most 1,000 targets");
  for (const std::string& target : targets) {
    ASSIGN_OR_RETURN(mail::Address parsed, mail::ParseAddress(target, mail::Utf8Policy::kAllow));
    alias.targets.push_back(parsed.ToString());
  }
  RETURN_IF_ERROR(store_.InsertAlias(DomainOf(alias.address), alias));
  return alias;
}

absl::Status Admin::DeleteAlias(const std::string& address) {
  ASSIGN_OR_RETURN(std::string canonical, CanonicalAddress(address));
  return store_.DeleteAlias(canonical);
}

absl::StatusOr<std::string> Admin::CreateAppPassword(const std::string& address,
                                                     AppPasswordRow& row) {
  for (const std::string& protocol : row.protocols) {
    bool known = false;
    for (const char* name : {"smtp", "imap", "pop3", "sieve", "web"})
      known = known || protocol == name;
    if (!known)
      return SyntaxError(
          fmt::format("'{}' is no protocol: smtp, imap, pop3, sieve or web", protocol));
  }
  ASSIGN_OR_RETURN(AccountRow account, GetAccount(address));
  std::string password = NewAppPassword();
  row.hash = HashAppPassword(password);
  RETURN_IF_ERROR(store_.InsertAppPassword(account.id, row));
  return password;
}

absl::StatusOr<bool> Admin::MaySendAs(const AccountRow& account, const std::string& address) {
  auto canonical = CanonicalAddress(address);
  if (!canonical.ok()) return false;
  auto parsed = mail::ParseAddress(*canonical, mail::Utf8Policy::kAllow);
  ASSIGN_OR_RETURN(auto domain, store_.FindDomain(parsed->domain));
  if (!domain) return false;
  mail::Address real = *parsed;
  if (!domain->alias_of.empty()) real.domain = domain->alias_of;
  // bob+list@ is bob's.
  size_t plus = real.local_part.find('+', 1);
  mail::Address bare = real;
  if (plus != std::string::npos) bare.local_part.resize(plus);
  if (real.ToString() == account.address || bare.ToString() == account.address) return true;
  ASSIGN_OR_RETURN(auto alias, store_.FindAlias(real.ToString()));
  if (!alias || !alias->send_as) return false;
  return std::find(alias->targets.begin(), alias->targets.end(), account.address) !=
         alias->targets.end();
}

absl::StatusOr<std::vector<std::string>> Admin::ForeignSenders(
    int64_t account_id, const std::vector<std::string>& addresses) {
  ASSIGN_OR_RETURN(auto account, store_.FindAccountById(account_id));
  std::vector<std::string> refused;
  for (const std::string& address : addresses) {
    bool allowed = false;
    if (account) {
      ASSIGN_OR_RETURN(allowed, MaySendAs(*account, address));
    }
    if (!allowed) refused.push_back(address);
  }
  return refused;
}

}  // namespace pennypost::directory
