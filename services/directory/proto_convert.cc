#include "services/directory/proto_convert.h"
#include "rpc/timestamp.h"

namespace pennypost::directory {
void ToProto(const TenantRow& row, v1::Tenant* out) {
  out->set_id(row.id);
  out->set_name(row.name);
  out->set_enabled(row.enabled);
  out->set_max_domains(row.max_domains);
  out->set_max_accounts(row.max_accounts);
  out->set_default_quota_bytes(row.default_quota_bytes);
  out->set_domains(row.domains);
  out->set_accounts(row.accounts);
  rpc::SetTime(row.created_at, out->mutable_created_at());
}

void ToProto(const DomainRow& row, v1::Domain* out) {
  out->set_id(row.id);
  out->set_name(row.name);
  out->set_catch_all(row.catch_all);
  out->set_alias_of(row.alias_of);
  out->set_enabled(row.enabled);
  out->set_tenant_id(row.tenant_id);
  out->set_tenant(row.tenant);
  rpc::SetTime(row.created_at, out->mutable_created_at());
  for (const KeyRow& key : row.keys) {
    v1::PublicKey* to = out->add_keys();
    to->set_selector(key.selector);
    to->set_algorithm(key.algorithm);
    to->set_txt(key.public_record);
  }
}

void ToProto(const AccountRow& row, v1::Account* out) {
  out->set_id(row.id);
  out->set_address(row.address);
  out->set_display_name(row.display_name);
  out->set_quota_bytes(row.quota_bytes);
  out->set_enabled(row.enabled);
  out->set_role(row.role);
  out->set_tenant_id(row.tenant_id);
  rpc::SetTime(row.created_at, out->mutable_created_at());
}

void ToProto(const AliasRow& row, v1::Alias* out) {
  out->set_address(row.address);
  for (const std::string& target : row.targets) out->add_targets(target);
  out->set_send_as(row.send_as);
}

void ToProto(const GroupRow& row, v1::Group* out) {
  out->set_address(row.address);
  out->set_display_name(row.display_name);
  out->set_posting(row.posting);
  out->set_send_as(row.send_as);
  for (const std::string& member : row.members) out->add_members(member);
  rpc::SetTime(row.created_at, out->mutable_created_at());
}

void ToProto(const AppPasswordRow& row, v1::AppPassword* out) {
  out->set_id(row.id);
  out->set_label(row.label);
  for (const std::string& protocol : row.protocols) out->add_protocols(protocol);
  rpc::SetTime(row.created_at, out->mutable_created_at());
  if (row.last_used_at != absl::InfinitePast())
    rpc::SetTime(row.last_used_at, out->mutable_last_used_at());
}

void ToProto(const AuditRow& row, v1::AuditEntry* out) {
  out->set_id(row.id);
  rpc::SetTime(row.at, out->mutable_at());
  out->set_actor(row.actor);
  out->set_caller(row.caller);
  out->set_action(row.action);
  out->set_object(row.object);
  out->set_tenant_id(row.tenant_id);
  out->set_detail(row.detail);
}

void ToProto(const Resolution& resolution, v1::ResolveRecipientResponse* out) {
  using Response = v1::ResolveRecipientResponse;
  switch (resolution.kind) {
    case Resolution::Kind::kDeliverable:
      out->set_kind(Response::KIND_DELIVERABLE);
      break;
    case Resolution::Kind::kRemoteDomain:
      out->set_kind(Response::KIND_REMOTE_DOMAIN);
      break;
    case Resolution::Kind::kUnknownUser:
      out->set_kind(Response::KIND_UNKNOWN_USER);
      break;
    case Resolution::Kind::kDisabled:
      out->set_kind(Response::KIND_DISABLED);
      break;
    case Resolution::Kind::kLoop:
      out->set_kind(Response::KIND_LOOP);
      break;
    case Resolution::Kind::kSuspended:
      out->set_kind(Response::KIND_SUSPENDED);
      break;
    case Resolution::Kind::kNotAllowed:
      out->set_kind(Response::KIND_NOT_ALLOWED);
      break;
    case Resolution::Kind::kEmptyGroup:
      out->set_kind(Response::KIND_EMPTY_GROUP);
      break;
    case Resolution::Kind::kTooLarge:
      out->set_kind(Response::KIND_TOO_LARGE);
      break;
  }
  out->set_detail(resolution.detail);
  for (const Target& target : resolution.targets) {
    v1::RecipientTarget* to = out->add_targets();
    to->set_account_id(target.account_id);
    to->set_address(target.address);
    to->set_detail(target.detail);
    to->set_quota_bytes(target.quota_bytes);
  }
}

}  // namespace pennypost::directory
