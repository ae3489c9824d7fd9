#pragma once
// Rows to their proto form.

#include "pennypost/directory/v1/directory_service.pb.h"
#include "services/directory/core/recipients.h"
#include "services/directory/store/store.h"

namespace pennypost::directory {

void ToProto(const TenantRow& row, v1::Tenant* out);
void ToProto(const DomainRow& row, v1::Domain* out);
void ToProto(const AccountRow& row, v1::Account* out);
void ToProto(const AliasRow& row, v1::Alias* out);
void ToProto(const GroupRow& row, v1::Group* out);
void ToProto(const AppPasswordRow& row, v1::AppPassword* out);
void ToProto(const AuditRow& row, v1::AuditEntry* out);
void ToProto(const Resolution& resolution, v1::ResolveRecipientResponse* out);

}  // namespace pennypost::directory
