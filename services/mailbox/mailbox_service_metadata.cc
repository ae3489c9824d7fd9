// Annotations of mailboxes (RFC 5464).

#include <algorithm>
#include <functional>

#include "services/mailbox/core/names.h"
#include "services/mailbox/mailbox_service.h"

namespace pennypost::mailbox {
namespace {

constexpr size_t kLongestName = 255;
constexpr size_t kLongestValue = 64 << 10;

absl::StatusOr<std::string> MailboxOf(const std::string& name) {
  if (name.empty()) return std::string();
  return CanonicalName(name);
}

absl::Status CheckEntries(const v1::SetMetadataRequest& request) {
  for (const auto& entry : request.entries()) {
    if (entry.name().empty() || entry.name().size() > kLongestName)
      return SyntaxError("bad entry name");
    if (entry.value().size() > kLongestValue) return SyntaxError("the value is too long");
  }
  return absl::OkStatus();
}

bool IsShared(const v1::MetadataEntry& entry) {
  return entry.name().starts_with("/shared/");
}

void KeepShared(v1::GetMetadataResponse* response) {
  auto* entries = response->mutable_entries();
  entries->erase(std::remove_if(entries->begin(), entries->end(), std::not_fn(&IsShared)),
                 entries->end());
}

absl::Status CheckShared(const v1::SetMetadataRequest& request) {
  if (std::all_of(request.entries().begin(), request.entries().end(), &IsShared))
    return absl::OkStatus();
  return PolicyError("Private entries of a mailbox are its owner's");
}

}  // namespace

void MailboxServiceImpl::GetMetadata(Controller* controller, const v1::GetMetadataRequest* request,
                                     v1::GetMetadataResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    v1::GetMetadataRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_mailbox(), MailboxOf(request->mailbox()));
    RETURN_IF_ERROR(permission_.Demand(*request, canonical.mailbox(), "lr").status());
    RETURN_IF_ERROR(store_.GetMetadata(canonical, response));
    // Private ones are the owner's.
    if (!Permission::IsOwn(*request)) KeepShared(response);
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::SetMetadata(Controller* controller, const v1::SetMetadataRequest* request,
                                     v1::SetMetadataResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    RETURN_IF_ERROR(store_.Room());
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    RETURN_IF_ERROR(CheckEntries(*request));
    v1::SetMetadataRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_mailbox(), MailboxOf(request->mailbox()));
    RETURN_IF_ERROR(permission_.Demand(*request, canonical.mailbox(), "lw").status());
    if (!Permission::IsOwn(*request)) RETURN_IF_ERROR(CheckShared(*request));
    return store_.SetMetadata(canonical);
  });
}

}  // namespace pennypost::mailbox
