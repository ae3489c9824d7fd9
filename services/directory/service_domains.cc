// Tenants and domains over gRPC.

#include "log/log.h"
#include "services/directory/directory_service.h"
#include "services/directory/paging.h"
#include "services/directory/proto_convert.h"

namespace pennypost::directory {

void DirectoryServiceImpl::CreateTenant(Controller* controller,
                                        const v1::CreateTenantRequest* request,
                                        v1::CreateTenantResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    TenantChange rest;
    rest.max_domains = request->max_domains();
    rest.max_accounts = request->max_accounts();
    rest.default_quota_bytes = request->default_quota_bytes();
    ASSIGN_OR_RETURN(TenantRow row, admin_.CreateTenant(who, request->name(), rest));
    log::Info("directory.tenant.created", {{"tenant", row.name}});
    ToProto(row, response->mutable_tenant());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListTenants(Controller* controller,
                                       const v1::ListTenantsRequest* request,
                                       v1::ListTenantsResponse* response, Done* done) {
  Read(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    if (!request->name().empty()) {
      ASSIGN_OR_RETURN(TenantRow row, admin_.GetTenant(who, request->name()));
      ToProto(row, response->add_tenants());
      return absl::OkStatus();
    }
    int limit = PageSize(request->page_size());
    ASSIGN_OR_RETURN(auto rows, admin_.ListTenants(who, {"", "", request->page_token(), limit}));
    for (const TenantRow& row : rows) ToProto(row, response->add_tenants());
    if (static_cast<int>(rows.size()) == limit) response->set_next_page_token(rows.back().name);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::UpdateTenant(Controller* controller,
                                        const v1::UpdateTenantRequest* request,
                                        v1::UpdateTenantResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    TenantChange change;
    if (request->has_enabled()) change.enabled = request->enabled();
    if (request->has_max_domains()) change.max_domains = request->max_domains();
    if (request->has_max_accounts()) change.max_accounts = request->max_accounts();
    if (request->has_default_quota_bytes())
      change.default_quota_bytes = request->default_quota_bytes();
    ASSIGN_OR_RETURN(TenantRow row, admin_.UpdateTenant(who, request->name(), change));
    ToProto(row, response->mutable_tenant());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteTenant(Controller* controller,
                                        const v1::DeleteTenantRequest* request,
                                        v1::DeleteTenantResponse*, Done* done) {
  Change(controller, done, request->actor(),
         [=, this](const Principal& who) { return admin_.DeleteTenant(who, request->name()); });
}

void DirectoryServiceImpl::CreateDomain(Controller* controller,
                                        const v1::CreateDomainRequest* request,
                                        v1::CreateDomainResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    NewDomain wanted{request->name(), request->alias_of(), request->catch_all(), request->tenant()};
    ASSIGN_OR_RETURN(DomainRow row, admin_.CreateDomain(who, wanted));
    log::Info("directory.domain.created", {{"domain", row.name}, {"tenant", row.tenant}});
    ToProto(row, response->mutable_domain());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListDomains(Controller* controller,
                                       const v1::ListDomainsRequest* request,
                                       v1::ListDomainsResponse* response, Done* done) {
  Read(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    if (!request->name().empty()) {
      ASSIGN_OR_RETURN(DomainRow row, admin_.GetDomain(who, request->name()));
      ToProto(row, response->add_domains());
      return absl::OkStatus();
    }
    int limit = PageSize(request->page_size());
    ASSIGN_OR_RETURN(
        auto rows, admin_.ListDomains(who, {request->tenant(), "", request->page_token(), limit}));
    for (const DomainRow& row : rows) ToProto(row, response->add_domains());
    if (static_cast<int>(rows.size()) == limit) response->set_next_page_token(rows.back().name);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::UpdateDomain(Controller* controller,
                                        const v1::UpdateDomainRequest* request,
                                        v1::UpdateDomainResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    DomainChange change;
    if (request->has_catch_all()) change.catch_all = request->catch_all();
    if (request->has_enabled()) change.enabled = request->enabled();
    if (request->has_tenant()) change.tenant = request->tenant();
    ASSIGN_OR_RETURN(DomainRow row, admin_.UpdateDomain(who, request->name(), change));
    ToProto(row, response->mutable_domain());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteDomain(Controller* controller,
                                        const v1::DeleteDomainRequest* request,
                                        v1::DeleteDomainResponse*, Done* done) {
  Change(controller, done, request->actor(),
         [=, this](const Principal& who) { return admin_.DeleteDomain(who, request->name()); });
}

}  // namespace pennypost::directory
