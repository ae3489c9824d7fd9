// Who else may do what to a mailbox (RFC 4314).

#include "services/mailbox/core/names.h"
#include "services/mailbox/mailbox_service.h"

namespace pennypost::mailbox {
namespace {

absl::StatusOr<mail::Rights> RightsOf(const v1::SetGrantRequest& request) {
  if (request.mode() == v1::SetGrantRequest::MODE_UNSPECIFIED) return SyntaxError("no mode");
  if (request.grant().account_id() == request.account_id())
    return PolicyError("The owner has all rights");
  auto rights = mail::Rights::Parse(request.grant().rights());
  if (!rights) return SyntaxError("a letter names no right");
  return *rights;
}

}  // namespace

void MailboxServiceImpl::ListGrants(Controller* controller, const v1::ListGrantsRequest* request,
                                    v1::ListGrantsResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    v1::ListGrantsRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_mailbox(), CanonicalName(request->mailbox()));
    RETURN_IF_ERROR(permission_.Demand(*request, canonical.mailbox(), "a").status());
    return store_.ListGrants(canonical, response);
  });
}

void MailboxServiceImpl::SetGrant(Controller* controller, const v1::SetGrantRequest* request,
                                  v1::SetGrantResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    v1::SetGrantRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_mailbox(), CanonicalName(request->mailbox()));
    ASSIGN_OR_RETURN(mail::Rights rights, RightsOf(*request));
    RETURN_IF_ERROR(permission_.Demand(*request, canonical.mailbox(), "a").status());
    RETURN_IF_ERROR(store_.SetGrant(canonical, rights));
    Changed(request->account_id());
    return absl::OkStatus();
  });
}

}  // namespace pennypost::mailbox
