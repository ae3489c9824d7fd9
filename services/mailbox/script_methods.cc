// The Sieve methods of the gRPC face: checks names, compiles, hands the rest to the store.

#include "mail/address.h"
#include "services/mailbox/core/scripts.h"
#include "services/mailbox/mailbox_service.h"

namespace pennypost::mailbox {

void MailboxServiceImpl::ListScripts(Controller* controller, const v1::ListScriptsRequest* request,
                                     v1::ListScriptsResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    if (request->domain().empty()) return store_.ListScripts(request->account_id(), response);
    ASSIGN_OR_RETURN(std::string domain, mail::NormalizeDomain(request->domain()));
    return store_.ListDomainScripts(domain, response);
  });
}

void MailboxServiceImpl::GetScript(Controller* controller, const v1::GetScriptRequest* request,
                                   v1::GetScriptResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    if (request->domain().empty()) return store_.GetScript(*request, response);
    v1::GetScriptRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_domain(), mail::NormalizeDomain(request->domain()));
    return store_.GetDomainScript(canonical, response);
  });
}

void MailboxServiceImpl::PutScript(Controller* controller, const v1::PutScriptRequest* request,
                                   v1::PutScriptResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    RETURN_IF_ERROR(CheckScriptName(request->name()));
    RETURN_IF_ERROR(CompileScript(request->content()).status());
    RETURN_IF_ERROR(store_.Room());
    if (!request->domain().empty()) {
      v1::PutScriptRequest canonical = *request;
      ASSIGN_OR_RETURN(*canonical.mutable_domain(), mail::NormalizeDomain(request->domain()));
      return store_.PutDomainScript(canonical);
    }
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    RETURN_IF_ERROR(store_.PutScript(*request));
    Changed(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::CheckScript(Controller* controller, const v1::CheckScriptRequest* request,
                                     v1::CheckScriptResponse*, Done* done) {
  pool_.Run(controller, done, [request] { return CompileScript(request->content()).status(); });
}

void MailboxServiceImpl::SetActiveScript(Controller* controller,
                                         const v1::SetActiveScriptRequest* request,
                                         v1::SetActiveScriptResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    RETURN_IF_ERROR(store_.SetActiveScript(*request));
    Changed(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::DeleteScript(Controller* controller,
                                      const v1::DeleteScriptRequest* request,
                                      v1::DeleteScriptResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    if (!request->domain().empty()) {
      v1::DeleteScriptRequest canonical = *request;
      ASSIGN_OR_RETURN(*canonical.mutable_domain(), mail::NormalizeDomain(request->domain()));
      return store_.DeleteDomainScript(canonical);
    }
    RETURN_IF_ERROR(store_.DeleteScript(*request));
    Changed(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::RenameScript(Controller* controller,
                                      const v1::RenameScriptRequest* request,
                                      v1::RenameScriptResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    RETURN_IF_ERROR(CheckScriptName(request->to()));
    RETURN_IF_ERROR(store_.RenameScript(*request));
    Changed(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::CheckScriptRoom(Controller* controller,
                                         const v1::CheckScriptRoomRequest* request,
                                         v1::CheckScriptRoomResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    RETURN_IF_ERROR(CheckScriptName(request->name()));
    return store_.CheckScriptRoom(*request);
  });
}

}  // namespace pennypost::mailbox
