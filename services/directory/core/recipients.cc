#include "services/directory/core/recipients.h"

#include "mail/address.h"

namespace pennypost::directory {

// What one resolution has seen so far.
struct RecipientResolver::Walk {
  Resolution result;
  std::set<std::string> path;  // aliases that are being expanded: meeting one again is a loop
  std::set<std::string> seen;  // addresses that are targets already
  bool loop = false;
  bool disabled = false;
};

void RecipientResolver::AddAccount(const AccountRow& account, std::string detail,
                                   Walk& walk) const {
  if (!account.enabled) {
    walk.disabled = true;
    return;
  }
  if (walk.seen.insert(account.address).second) {
    int64_t quota = account.quota_bytes > 0 ? account.quota_bytes : options_.default_quota_bytes;
    walk.result.targets.push_back({account.id, account.address, std::move(detail), quota});
  }
}

absl::StatusOr<Resolution> RecipientResolver::Resolve(const std::string& address) const {
  Walk walk;
  ASSIGN_OR_RETURN(mail::Address parsed, mail::ParseAddress(address, mail::Utf8Policy::kAllow));
  ASSIGN_OR_RETURN(std::optional<DomainRow> domain, store_.FindDomain(parsed.domain));
  if (!domain || parsed.is_literal) return Resolution{Resolution::Kind::kRemoteDomain, {}};
  RETURN_IF_ERROR(Expand(address, 0, walk));
  // One target that loops does not take the mail from the others.
  if (!walk.result.targets.empty()) {
    walk.result.kind = Resolution::Kind::kDeliverable;
  } else if (walk.loop) {
    walk.result.kind = Resolution::Kind::kLoop;
  } else if (walk.disabled) {
    walk.result.kind = Resolution::Kind::kDisabled;
  }
  return walk.result;
}

absl::Status RecipientResolver::Expand(const std::string& address, int depth, Walk& walk) const {
  ASSIGN_OR_RETURN(mail::Address parsed, mail::ParseAddress(address, mail::Utf8Policy::kAllow));
  ASSIGN_OR_RETURN(std::optional<DomainRow> domain, store_.FindDomain(parsed.domain));
  if (!domain) {
    if (walk.seen.insert(parsed.ToString()).second)
      walk.result.targets.push_back({0, parsed.ToString(), "", 0});
    return absl::OkStatus();
  }
  if (depth > options_.max_depth || walk.result.targets.size() >= options_.max_targets) {
    walk.loop = true;
    return absl::OkStatus();
  }
  if (!domain->enabled) {
    walk.disabled = true;
    return absl::OkStatus();
  }
  std::string name = domain->alias_of.empty() ? domain->name : domain->alias_of;
  // Local parts are compared without case (RFC 5321 2.4 leaves it to us; two mailboxes that differ
  // in case alone would be a trap).
  return ExpandLocal(ToLower(parsed.local_part), name, *domain, depth, walk);
}

absl::Status RecipientResolver::ExpandLocal(const std::string& local, const std::string& domain,
                                            const DomainRow& row, int depth, Walk& walk) const {
  std::string base = local;
  std::string detail;
  size_t cut = options_.delimiter.empty() ? std::string::npos : local.find(options_.delimiter, 1);
  for (bool whole : {true, false}) {
    if (!whole) {
      if (cut == std::string::npos) break;
      base = local.substr(0, cut);
      detail = local.substr(cut + options_.delimiter.size());
    }
    std::string address = mail::Address{base, domain}.ToString();
    ASSIGN_OR_RETURN(std::optional<AccountRow> account, store_.FindAccount(address));
    if (account) {
      AddAccount(*account, detail, walk);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(std::optional<AliasRow> alias, store_.FindAlias(address));
    if (!alias) continue;
    if (!walk.path.insert(address).second) {
      walk.loop = true;
      return absl::OkStatus();
    }
    for (const std::string& target : alias->targets)
      RETURN_IF_ERROR(Expand(target, depth + 1, walk));
    walk.path.erase(address);
    return absl::OkStatus();
  }
  std::string catch_all = row.catch_all;
  if (domain != row.name) {
    ASSIGN_OR_RETURN(std::optional<DomainRow> real, store_.FindDomain(domain));
    if (catch_all.empty() && real) catch_all = real->catch_all;
  }
  if (catch_all.empty()) return absl::OkStatus();
  if (!walk.path.insert("*@" + domain).second) {
    walk.loop = true;
    return absl::OkStatus();
  }
  return Expand(catch_all, depth + 1, walk);
}

std::optional<Resolution> ResolutionCache::Find(std::string_view address) {
  std::lock_guard lock(mutex_);
  auto it = entries_.find(address);
  if (it == entries_.end()) return std::nullopt;
  if (it->second.until < clock_.Now()) {
    entries_.erase(it);
    return std::nullopt;
  }
  return it->second.resolution;
}

void ResolutionCache::Put(const std::string& address, const Resolution& resolution) {
  std::lock_guard lock(mutex_);
  // Entries live for seconds: starting over is cheaper than keeping an order.
  if (entries_.size() >= capacity_) entries_.clear();
  entries_[address] = {resolution, clock_.Now() + life_};
}

void ResolutionCache::Clear() {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

}  // namespace pennypost::directory
