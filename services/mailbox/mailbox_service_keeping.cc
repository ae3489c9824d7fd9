// What the store keeps: deleted messages, the look at all contents, the search index.

#include "log/log.h"
#include "services/mailbox/core/names.h"
#include "services/mailbox/mailbox_service.h"

namespace pennypost::mailbox {

void MailboxServiceImpl::ListDeleted(Controller* controller, const v1::ListDeletedRequest* request,
                                     v1::ListDeletedResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    v1::ListDeletedRequest canonical = *request;
    if (!request->mailbox().empty()) {
      ASSIGN_OR_RETURN(*canonical.mutable_mailbox(), CanonicalName(request->mailbox()));
    }
    return store_.ListDeleted(canonical, response);
  });
}

void MailboxServiceImpl::RestoreDeleted(Controller* controller,
                                        const v1::RestoreDeletedRequest* request,
                                        v1::RestoreDeletedResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    v1::RestoreDeletedRequest canonical = *request;
    if (request->ids().empty() && request->mailbox().empty() && !request->has_since())
      return SyntaxError("it is not said what to restore");
    if (request->ids_size() > Store::kMostDeleted) return SyntaxError("too many ids");
    if (!request->mailbox().empty()) {
      ASSIGN_OR_RETURN(*canonical.mutable_mailbox(), CanonicalName(request->mailbox()));
    }
    if (!request->into().empty()) {
      ASSIGN_OR_RETURN(*canonical.mutable_into(), CanonicalName(request->into()));
    }
    RETURN_IF_ERROR(store_.RestoreDeleted(canonical, response));
    if (response->restored().empty()) return absl::OkStatus();
    log::Info("mailbox.restored", {{"account", request->account_id()},
                                   {"messages", response->restored_size()},
                                   {"actor", request->actor()}});
    Changed(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::GetScrub(Controller* controller, const v1::GetScrubRequest*,
                                  v1::GetScrubResponse* response, Done* done) {
  pool_.Run(controller, done, [this, response] { return store_.GetScrub(response); });
}

void MailboxServiceImpl::StartScrub(Controller* controller, const v1::StartScrubRequest*,
                                    v1::StartScrubResponse*, Done* done) {
  pool_.Run(controller, done, [this] { return store_.StartScrub(); });
}

void MailboxServiceImpl::ReindexAccount(Controller* controller,
                                        const v1::ReindexAccountRequest* request,
                                        v1::ReindexAccountResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    RETURN_IF_ERROR(store_.ForgetSignatures(request->account_id()));
    Changed(request->account_id());  // for the indexer to hear
    return absl::OkStatus();
  });
}

}  // namespace pennypost::mailbox
