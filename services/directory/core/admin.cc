// Principals, places, scopes: what all of Admin stands on.

#include "services/directory/core/admin.h"

#include "base/text.h"
#include "mail/address.h"
#include "services/directory/core/admin_words.h"

namespace pennypost::directory {

absl::StatusOr<std::string> CanonicalAddress(const std::string& text) {
  auto address = mail::ParseAddress(text, mail::Utf8Policy::kAllow);
  if (!address.ok()) return SyntaxError(fmt::format("{}: {}", text, MessageOf(address.status())));
  if (address->is_literal)
    return SyntaxError(fmt::format("{}: an address literal has no account", text));
  address->local_part = ToLower(address->local_part);
  return address->ToString();
}

absl::StatusOr<std::string> CanonicalDomain(const std::string& text) {
  auto domain = mail::NormalizeDomain(text);
  if (!domain.ok()) return SyntaxError(fmt::format("{}: {}", text, MessageOf(domain.status())));
  return domain;
}

absl::Status CheckLabel(std::string_view what, std::string_view text) {
  constexpr size_t kMaxLabel = 255;
  if (text.size() > kMaxLabel)
    return SyntaxError(fmt::format("{} is longer than {} bytes", what, kMaxLabel));
  if (!IsUtf8(text)) return SyntaxError(fmt::format("{} is not UTF-8", what));
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return SyntaxError(fmt::format("{} has a control character", what));
  }
  return absl::OkStatus();
}

absl::StatusOr<Principal> Admin::FindPrincipal(const std::string& address,
                                               const std::string& caller) {
  if (address.empty()) return Principal::Platform(caller);
  auto denied = [&] { return PolicyError(fmt::format("{} has no rights here", address)); };
  auto canonical = CanonicalAddress(address);
  if (!canonical.ok()) return denied();
  ASSIGN_OR_RETURN(auto account, store_.FindAccount(*canonical));
  if (!account || !account->active()) return denied();
  Principal who;
  who.address = account->address;
  who.domain = DomainOf(account->address);
  who.tenant_id = account->tenant_id;
  who.caller = caller;
  ASSIGN_OR_RETURN(who.role, ParseRole(account->role));
  return who;
}

absl::StatusOr<DomainRow> Admin::FindDomain(const Principal& who, Action action,
                                            const std::string& name) {
  ASSIGN_OR_RETURN(std::string normal, CanonicalDomain(name));
  ASSIGN_OR_RETURN(auto domain, store_.FindDomain(normal));
  Object object;
  if (domain) object = {domain->tenant_id, domain->name, "", Role::kUser};
  if (!domain || !MaySee(who, object)) return NoSuch("domain", name);
  RETURN_IF_ERROR(Authorize(who, action, object));
  return *domain;
}

absl::StatusOr<Admin::Place> Admin::FindPlace(const Principal& who, Action action,
                                              const std::string& address) {
  Place place;
  ASSIGN_OR_RETURN(place.address, CanonicalAddress(address));
  std::string name = DomainOf(place.address);
  ASSIGN_OR_RETURN(auto domain, store_.FindDomain(name));
  if (domain) place.object = {domain->tenant_id, domain->name, place.address, Role::kUser};
  if (!domain || !MaySee(who, place.object)) return NoSuch("domain", name);
  RETURN_IF_ERROR(Authorize(who, action, place.object));
  place.domain = *std::move(domain);
  return place;
}

absl::StatusOr<Scope> Admin::ListScope(const Principal& who, Action action, const Wanted& wanted) {
  Scope scope;
  if (!wanted.domain.empty()) {
    ASSIGN_OR_RETURN(DomainRow domain, FindDomain(who, action, wanted.domain));
    scope.domain = domain.name;
    return scope;
  }
  if (!wanted.tenant.empty()) {
    ASSIGN_OR_RETURN(TenantRow tenant, FindTenant(who, Action::kReadTenant, wanted.tenant));
    scope.tenant_id = tenant.id;
    return scope;
  }
  // All that the role reaches: the platform, the tenant, the domain.
  if (Authorize(who, action, {}).ok()) return scope;
  scope.tenant_id = who.tenant_id;
  if (Authorize(who, action, {who.tenant_id, "", "", Role::kUser}).ok()) return scope;
  scope.domain = who.domain;
  RETURN_IF_ERROR(Authorize(who, action, {who.tenant_id, who.domain, "", Role::kUser}));
  return scope;
}

absl::StatusOr<std::vector<AuditRow>> Admin::ListAudit(const Principal& who,
                                                       const AuditWanted& wanted) {
  AuditFilter filter;
  filter.actor = wanted.by;
  filter.object = wanted.object;
  if (!wanted.tenant.empty()) {
    ASSIGN_OR_RETURN(TenantRow tenant, FindTenant(who, Action::kReadAudit, wanted.tenant));
    filter.tenant_id = tenant.id;
  } else if (!Authorize(who, Action::kReadAudit, {}).ok()) {
    filter.tenant_id = who.tenant_id;
    RETURN_IF_ERROR(Authorize(who, Action::kReadAudit, {who.tenant_id, "", "", Role::kUser}));
  }
  return store_.ListAudit(filter, wanted.before, wanted.limit);
}

}  // namespace pennypost::directory
