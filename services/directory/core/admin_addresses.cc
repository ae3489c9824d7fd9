// Aliases and groups.

#include <algorithm>

#include "mail/address.h"
#include "services/directory/core/admin.h"
#include "services/directory/core/admin_words.h"

namespace pennypost::directory {
namespace {

constexpr size_t kMaxTargets = 1000;

absl::Status NotInAlias(const DomainRow& domain, std::string_view what) {
  if (domain.alias_of.empty()) return absl::OkStatus();
  return SyntaxError(fmt::format("{} is another name of {}: make the {} there", domain.name,
                                 domain.alias_of, what));
}

absl::StatusOr<std::string> ParseTarget(const std::string& text) {
  auto parsed = mail::ParseAddress(text, mail::Utf8Policy::kAllow);
  if (!parsed.ok()) return SyntaxError(fmt::format("{}: {}", text, MessageOf(parsed.status())));
  return parsed->ToString();
}

}  // namespace

absl::StatusOr<AliasRow> Admin::CreateAlias(const Principal& who, const AliasRow& wanted) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kManageAddresses, wanted.address));
  RETURN_IF_ERROR(NotInAlias(place.domain, "alias"));
  AliasRow alias;
  alias.address = place.address;
  alias.send_as = wanted.send_as;
  if (wanted.targets.empty()) return SyntaxError("an alias needs at least one target");
  if (wanted.targets.size() > kMaxTargets)
    return SyntaxError(fmt::format("an alias has at most {} targets", kMaxTargets));
  for (const std::string& text : wanted.targets) {
    ASSIGN_OR_RETURN(std::string target, ParseTarget(text));
    alias.targets.push_back(std::move(target));
  }
  std::string detail = "to " + Listed(alias.targets) + (alias.send_as ? ", send as" : "");
  RETURN_IF_ERROR(store_.InsertAlias(
      place.domain.name, alias,
      Entry(who, "alias.create", alias.address, place.domain.tenant_id, std::move(detail))));
  return alias;
}

absl::StatusOr<std::vector<AliasRow>> Admin::ListAliases(const Principal& who,
                                                         const Wanted& wanted) {
  ASSIGN_OR_RETURN(Scope scope, ListScope(who, Action::kReadAddresses, wanted));
  return store_.ListAliases(scope, wanted.after, wanted.limit);
}

absl::Status Admin::DeleteAlias(const Principal& who, const std::string& address) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kManageAddresses, address));
  absl::Status gone = store_.DeleteAlias(
      place.address, Entry(who, "alias.delete", place.address, place.domain.tenant_id));
  return absl::IsNotFound(gone) ? NoSuch("alias", place.address) : gone;
}

absl::StatusOr<std::string> Admin::MemberAddress(const GroupRow& group, int64_t tenant_id,
                                                 const std::string& text) {
  ASSIGN_OR_RETURN(std::string member, ParseTarget(text));
  ASSIGN_OR_RETURN(auto domain, store_.FindDomain(DomainOf(member)));
  // What another tenant has is none of ours to tell: its addresses are like those of strangers.
  if (!domain || domain->tenant_id != tenant_id) return member;
  ASSIGN_OR_RETURN(member, CanonicalAddress(member));
  if (member == group.address) return SyntaxError("a group cannot be a member of itself");
  ASSIGN_OR_RETURN(Resolution found, recipients_.Resolve(member, nullptr));
  if (found.kind == Resolution::Kind::kUnknownUser) return NoSuch("address", member);
  return member;
}

absl::StatusOr<std::vector<std::string>> Admin::Members(const GroupRow& group, int64_t tenant_id,
                                                        const std::vector<std::string>& texts) {
  std::vector<std::string> members;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(std::string member, MemberAddress(group, tenant_id, text));
    members.push_back(std::move(member));
  }
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members;
}

absl::StatusOr<GroupRow> Admin::CreateGroup(const Principal& who, const GroupRow& wanted) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kManageAddresses, wanted.address));
  RETURN_IF_ERROR(NotInAlias(place.domain, "group"));
  GroupRow group = wanted;
  group.address = place.address;
  if (group.posting.empty()) group.posting = PostingName(Posting::kAnyone);
  RETURN_IF_ERROR(ParsePosting(group.posting).status());
  RETURN_IF_ERROR(CheckLabel("the name", group.display_name));
  ASSIGN_OR_RETURN(group.members, Members(group, place.domain.tenant_id, wanted.members));
  std::string detail = Listed({"posting " + group.posting, group.send_as ? "send as" : "",
                               group.members.empty() ? "" : "add " + Listed(group.members)});
  RETURN_IF_ERROR(store_.InsertGroup(
      place.domain.name, group,
      Entry(who, "group.create", group.address, place.domain.tenant_id, std::move(detail))));
  return group;
}

absl::StatusOr<GroupRow> Admin::GetGroup(const Principal& who, const std::string& address) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kReadAddresses, address));
  ASSIGN_OR_RETURN(auto group, store_.FindGroup(place.address));
  if (!group) return NoSuch("group", place.address);
  return *group;
}

absl::StatusOr<std::vector<GroupRow>> Admin::ListGroups(const Principal& who,
                                                        const Wanted& wanted) {
  ASSIGN_OR_RETURN(Scope scope, ListScope(who, Action::kReadAddresses, wanted));
  return store_.ListGroups(scope, wanted.after, wanted.limit);
}

absl::StatusOr<GroupRow> Admin::UpdateGroup(const Principal& who, const std::string& address,
                                            const GroupChange& change) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kManageAddresses, address));
  ASSIGN_OR_RETURN(GroupRow group, GetGroup(who, address));
  GroupRow before = group;
  group.display_name = change.display_name.value_or(group.display_name);
  group.posting = change.posting.value_or(group.posting);
  group.send_as = change.send_as.value_or(group.send_as);
  RETURN_IF_ERROR(ParsePosting(group.posting).status());
  RETURN_IF_ERROR(CheckLabel("the name", group.display_name));
  std::string detail = Listed({Changed("display_name", before.display_name, group.display_name),
                               Changed("posting", before.posting, group.posting),
                               Changed("send_as", before.send_as, group.send_as)});
  RETURN_IF_ERROR(store_.UpdateGroup(
      group, Entry(who, "group.update", group.address, place.domain.tenant_id, std::move(detail))));
  return group;
}

absl::StatusOr<GroupRow> Admin::ChangeMembers(const Principal& who, const std::string& address,
                                              const std::vector<std::string>& add,
                                              const std::vector<std::string>& remove) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kManageAddresses, address));
  ASSIGN_OR_RETURN(GroupRow group, GetGroup(who, address));
  ASSIGN_OR_RETURN(std::vector<std::string> more, Members(group, place.domain.tenant_id, add));
  std::vector<std::string> fewer;
  for (const std::string& text : remove) {
    ASSIGN_OR_RETURN(std::string member, ParseTarget(text));
    // Members of ours are kept in lower case, those elsewhere as they were written.
    bool as_written = std::binary_search(group.members.begin(), group.members.end(), member);
    if (!as_written) {
      ASSIGN_OR_RETURN(member, CanonicalAddress(member));
    }
    if (!std::binary_search(group.members.begin(), group.members.end(), member))
      return NotFoundError(fmt::format("{} is no member of {}", text, group.address));
    if (std::find(fewer.begin(), fewer.end(), member) == fewer.end()) fewer.push_back(member);
  }
  std::string detail = Listed(
      {more.empty() ? "" : "add " + Listed(more), fewer.empty() ? "" : "remove " + Listed(fewer)});
  RETURN_IF_ERROR(store_.ChangeMembers(
      group.id, more, fewer,
      Entry(who, "group.members", group.address, place.domain.tenant_id, std::move(detail))));
  return GetGroup(who, address);
}

absl::Status Admin::DeleteGroup(const Principal& who, const std::string& address) {
  ASSIGN_OR_RETURN(Place place, FindPlace(who, Action::kManageAddresses, address));
  absl::Status gone = store_.DeleteGroup(
      place.address, Entry(who, "group.delete", place.address, place.domain.tenant_id));
  return absl::IsNotFound(gone) ? NoSuch("group", place.address) : gone;
}

}  // namespace pennypost::directory
