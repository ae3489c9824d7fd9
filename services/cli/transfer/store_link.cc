#include "services/cli/transfer/store_link.h"

#include <absl/time/clock.h>

#include "services/cli/acting.h"

namespace pennypost::cli {

std::optional<StoreLink> StoreLink::Find(Context& context, const std::string& address) {
  std::optional<directory::v1::Account> account = FindAccount(context, address);
  if (!account) return std::nullopt;
  // The account's own quota may be that of its tenant or of the platform: delivery knows.
  directory::v1::ResolveRecipientRequest resolve;
  resolve.set_address(account->address());
  auto resolved =
      Ask(context.clients.directory, &directory::v1::DirectoryService::ResolveRecipient, resolve);
  int64_t quota = account->quota_bytes();
  if (resolved.ok()) {
    for (const auto& target : resolved->targets()) {
      if (target.account_id() == account->id()) quota = target.quota_bytes();
    }
  }
  return StoreLink(context.clients.mailbox, account->id(), quota);
}

bool StoreLink::MayPass(const absl::Status& status) {
  Reason reason = ReasonOf(status);
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kCancelled ||
         status.code() == absl::StatusCode::kAborted || reason == Reason::kWriteUncertain ||
         reason == Reason::kOverloaded || reason == Reason::kStorageFull;
}

bool StoreLink::ConcernsAll(const absl::Status& status) {
  return MayPass(status) || ReasonOf(status) == Reason::kOverQuota;
}

void StoreLink::SayAway(const absl::Status& status) {
  fprintf(stderr, "pennypost: %s; trying again for a minute\n", MessageOf(status).c_str());
}

void StoreLink::Wait(absl::Duration pause) {
  absl::SleepFor(pause);
}

}  // namespace pennypost::cli
