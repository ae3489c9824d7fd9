#include "services/directory/core/recipients.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.h"
#include "mail/address.h"

namespace pennypost::directory {
namespace {

constexpr std::array<std::string_view, 4> kPostings = {"anyone", "tenant", "domain", "members"};

std::string DomainOf(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

std::string WhoMayPost(Posting posting, const std::string& domain) {
  switch (posting) {
    case Posting::kAnyone:
      break;
    case Posting::kTenant:
      return "only users of the organization may send to this group, logged in";
    case Posting::kDomain:
      return fmt::format("only users of {} may send to this group, logged in", domain);
    case Posting::kMembers:
      return "only members may send to this group";
  }
  return "";
}

}  // namespace

absl::StatusOr<Posting> ParsePosting(const std::string& text) {
  for (size_t i = 0; i < kPostings.size(); ++i) {
    if (text == kPostings[i]) return static_cast<Posting>(i);
  }
  return SyntaxError(
      fmt::format("'{}' is no posting rule: anyone, tenant, domain or members", text));
}

std::string PostingName(Posting posting) {
  return std::string(kPostings[static_cast<size_t>(posting)]);
}

// How one address was reached.
struct RecipientResolver::Way {
  int depth = 0;
  int64_t group_tenant = 0;  // of the group on the way, whose rule has let the mail through
};

// What one resolution has seen so far.
struct RecipientResolver::Walk {
  const Poster* poster = nullptr;
  Resolution result;
  std::set<std::string> path;      // what is being expanded: meeting one of these again is a loop
  std::set<std::string> expanded;  // done: all it leads to is among the targets
  std::set<std::string> seen;      // addresses that are targets already
  std::set<std::string> suspended;
  std::map<std::string, std::optional<DomainRow>> domains;
  int steps = 0;
  bool loop = false;
  bool disabled = false;
  bool empty_group = false;
  bool too_large = false;
  std::string refused;
};

int64_t RecipientResolver::QuotaOf(const AccountRow& account) const {
  if (account.quota_bytes > 0) return account.quota_bytes;
  return account.tenant_quota_bytes > 0 ? account.tenant_quota_bytes : options_.default_quota_bytes;
}

void RecipientResolver::AddAccount(const AccountRow& account, std::string detail,
                                   Walk& walk) const {
  if (!account.active()) {
    walk.disabled = true;
    return;
  }
  if (walk.seen.insert(account.address).second) {
    walk.result.targets.push_back(
        {account.id, account.address, std::move(detail), QuotaOf(account)});
  }
}

absl::StatusOr<const DomainRow*> RecipientResolver::FindDomain(const std::string& name,
                                                               Walk& walk) const {
  auto it = walk.domains.find(name);
  if (it == walk.domains.end()) {
    ASSIGN_OR_RETURN(std::optional<DomainRow> found, store_.FindDomain(name));
    it = walk.domains.emplace(name, std::move(found)).first;
  }
  return it->second ? &*it->second : nullptr;
}

absl::StatusOr<Resolution> RecipientResolver::Resolve(const std::string& address,
                                                      const Poster* poster) const {
  using Kind = Resolution::Kind;
  Walk walk;
  walk.poster = poster;
  ASSIGN_OR_RETURN(mail::Address parsed, mail::ParseAddress(address, mail::Utf8Policy::kAllow));
  ASSIGN_OR_RETURN(const DomainRow* domain, FindDomain(parsed.domain, walk));
  if (domain == nullptr || parsed.is_literal) {
    walk.result.kind = Kind::kRemoteDomain;
    return walk.result;
  }
  RETURN_IF_ERROR(Expand(address, {}, walk));
  Resolution& result = walk.result;
  if (walk.too_large) {
    // A part of it would be worse than nothing: nobody would know who did not get it.
    result.targets.clear();
    result.kind = Kind::kTooLarge;
  } else if (!result.targets.empty()) {
    for (const std::string& later : walk.suspended) result.targets.push_back({0, later, "", 0});
    result.kind = Kind::kDeliverable;
  } else if (!walk.suspended.empty()) {
    result.kind = Kind::kSuspended;
  } else if (!walk.refused.empty()) {
    result.kind = Kind::kNotAllowed;
    result.detail = walk.refused;
  } else if (walk.loop) {
    result.kind = Kind::kLoop;
  } else if (walk.disabled) {
    result.kind = Kind::kDisabled;
  } else if (walk.empty_group) {
    result.kind = Kind::kEmptyGroup;
  }
  return result;
}

absl::Status RecipientResolver::Expand(const std::string& address, Way way, Walk& walk) const {
  if (++walk.steps > options_.max_steps) walk.too_large = true;
  if (walk.too_large) return absl::OkStatus();
  ASSIGN_OR_RETURN(mail::Address parsed, mail::ParseAddress(address, mail::Utf8Policy::kAllow));
  ASSIGN_OR_RETURN(const DomainRow* domain, FindDomain(parsed.domain, walk));
  if (domain == nullptr) {
    if (walk.seen.insert(parsed.ToString()).second)
      walk.result.targets.push_back({0, parsed.ToString(), "", 0});
  } else if (way.depth > options_.max_depth) {
    walk.loop = true;
  } else if (!domain->tenant_enabled) {
    walk.suspended.insert(parsed.ToString());
  } else if (!domain->enabled) {
    walk.disabled = true;
  } else {
    const DomainRow* real = domain;
    if (!domain->alias_of.empty()) {
      ASSIGN_OR_RETURN(real, FindDomain(domain->alias_of, walk));
      if (real == nullptr) return absl::OkStatus();
    }
    const std::string& catch_all = domain->catch_all.empty() ? real->catch_all : domain->catch_all;
    // Local parts are compared without case (RFC 5321 2.4 leaves it to us; two mailboxes that
    // differ in case alone would be a trap).
    RETURN_IF_ERROR(ExpandLocal(ToLower(parsed.local_part), *real, catch_all, way, walk));
  }
  walk.too_large = walk.too_large || walk.result.targets.size() > options_.max_targets;
  return absl::OkStatus();
}

absl::Status RecipientResolver::ExpandLocal(const std::string& local, const DomainRow& domain,
                                            const std::string& catch_all, Way way,
                                            Walk& walk) const {
  if (!domain.enabled) {
    walk.disabled = true;
    return absl::OkStatus();
  }
  std::string base = local;
  std::string detail;
  size_t cut = options_.delimiter.empty() ? std::string::npos : local.find(options_.delimiter, 1);
  for (bool whole : {true, false}) {
    if (!whole) {
      if (cut == std::string::npos) break;
      base = local.substr(0, cut);
      detail = local.substr(cut + options_.delimiter.size());
    }
    std::string address = mail::Address{base, domain.name}.ToString();
    ASSIGN_OR_RETURN(std::optional<AccountRow> account, store_.FindAccount(address));
    if (account) {
      AddAccount(*account, detail, walk);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(std::optional<ExpansionRow> row, store_.FindExpansion(address));
    if (row) return ExpandRow(*row, way, walk);
  }
  if (catch_all.empty()) return absl::OkStatus();
  if (!walk.path.insert("*@" + domain.name).second) {
    walk.loop = true;
    return absl::OkStatus();
  }
  ++way.depth;
  RETURN_IF_ERROR(Expand(catch_all, way, walk));
  walk.path.erase("*@" + domain.name);
  return absl::OkStatus();
}

absl::Status RecipientResolver::ExpandRow(const ExpansionRow& row, Way way, Walk& walk) const {
  if (walk.path.contains(row.address)) {
    walk.loop = true;
    return absl::OkStatus();
  }
  if (walk.expanded.contains(row.address)) return absl::OkStatus();
  if (!row.posting.empty()) {
    ASSIGN_OR_RETURN(Posting posting, ParsePosting(row.posting));
    bool asks = posting != Posting::kAnyone && way.group_tenant != row.tenant_id;
    if (asks) walk.result.for_all = false;
    if (asks && walk.poster != nullptr) {
      ASSIGN_OR_RETURN(bool allowed, MayPost(row, posting, walk));
      if (!allowed) {
        walk.refused = WhoMayPost(posting, row.domain);
        return absl::OkStatus();
      }
    }
    way.group_tenant = row.tenant_id;
    walk.empty_group = walk.empty_group || row.targets.empty();
  }
  ++way.depth;
  walk.path.insert(row.address);
  for (const std::string& target : row.targets) RETURN_IF_ERROR(Expand(target, way, walk));
  walk.path.erase(row.address);
  walk.expanded.insert(row.address);
  return absl::OkStatus();
}

absl::StatusOr<bool> RecipientResolver::MayPost(const ExpansionRow& group, Posting posting,
                                                Walk& walk) const {
  std::optional<AccountRow> account;
  if (walk.poster->account_id != 0) {
    ASSIGN_OR_RETURN(account, store_.FindAccountById(walk.poster->account_id));
  }
  switch (posting) {
    case Posting::kAnyone:
      return true;
    case Posting::kTenant:
      return account && account->tenant_id == group.tenant_id;
    case Posting::kDomain:
      return account && DomainOf(account->address) == group.domain;
    case Posting::kMembers:
      break;
  }
  Walk members;  // without a poster: who belongs to it, whatever the rules inside
  for (const std::string& member : group.targets) RETURN_IF_ERROR(Expand(member, {1}, members));
  const auto& targets = members.result.targets;
  if (account) {
    return std::any_of(targets.begin(), targets.end(),
                       [&](const Target& target) { return target.account_id == account->id; });
  }
  // A member elsewhere is known by his address alone; one of ours would have logged in, and is no
  // target without an account.
  auto sender = mail::ParseAddress(walk.poster->sender, mail::Utf8Policy::kAllow);
  if (!sender.ok()) return false;
  std::string address = sender->ToString();
  return std::any_of(targets.begin(), targets.end(), [&](const Target& target) {
    return target.account_id == 0 && EqualsIgnoreCase(target.address, address);
  });
}

}  // namespace pennypost::directory
