// The lock of a POP3 session.

#include "services/mailbox/mailbox_service.h"

namespace pennypost::mailbox {
namespace {

constexpr uint32_t kLongestLock = 3600;

absl::StatusOr<Uuid> Holder(const std::string& text) {
  auto id = Uuid::FromString(text);
  if (!id) return SyntaxError("the holder is no UUID");
  return *id;
}

}  // namespace

void MailboxServiceImpl::LockMaildrop(Controller* controller,
                                      const v1::LockMaildropRequest* request,
                                      v1::LockMaildropResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    ASSIGN_OR_RETURN(Uuid holder, Holder(request->holder()));
    uint32_t seconds = std::min(request->seconds(), kLongestLock);
    return store_.LockMaildrop(request->account_id(), holder, absl::Seconds(seconds));
  });
}

void MailboxServiceImpl::UnlockMaildrop(Controller* controller,
                                        const v1::UnlockMaildropRequest* request,
                                        v1::UnlockMaildropResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    ASSIGN_OR_RETURN(Uuid holder, Holder(request->holder()));
    return store_.UnlockMaildrop(request->account_id(), holder);
  });
}

}  // namespace pennypost::mailbox
