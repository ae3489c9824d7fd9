#include "services/relay/directory_client.h"

#include "log/log.h"
#include "rpc/call.h"
#include "services/relay/core/blocking.h"
#include "services/relay/core/content.h"

namespace pennypost::relay {
namespace {

using directory::v1::DirectoryService;
using directory::v1::ResolveRecipientResponse;

constexpr absl::Duration kTimeout = absl::Seconds(10);
constexpr absl::Duration kKeysLife = absl::Minutes(1);
constexpr size_t kMaxDomains = 10'000;

}  // namespace

net::Awaitable<absl::StatusOr<Resolution>> DirectoryResolver::Resolve(std::string address) {
  if (directory_ == nullptr) co_return UnavailableError("no directory service");
  directory::v1::ResolveRecipientRequest request;
  request.set_address(address);
  auto call =
      rpc::Call(*directory_, &DirectoryService::ResolveRecipient, std::move(request), kTimeout);
  absl::StatusOr<ResolveRecipientResponse> response = co_await std::move(call);
  if (!response.ok()) co_return response.status();
  Resolution resolution;
  if (response->kind() == ResolveRecipientResponse::KIND_REMOTE_DOMAIN) co_return resolution;
  resolution.kind = response->kind() == ResolveRecipientResponse::KIND_SUSPENDED
                        ? Resolution::Kind::kSuspended
                        : Resolution::Kind::kUnknown;
  if (response->kind() != ResolveRecipientResponse::KIND_DELIVERABLE) co_return resolution;
  for (const directory::v1::RecipientTarget& target : response->targets()) {
    Recipient recipient;
    recipient.address = target.address();
    recipient.account_id = target.account_id();
    recipient.quota_bytes = target.quota_bytes();
    resolution.targets.push_back(std::move(recipient));
  }
  if (!resolution.targets.empty()) resolution.kind = Resolution::Kind::kLocal;
  co_return resolution;
}

net::Awaitable<absl::StatusOr<DirectorySigner::Keys>> DirectorySigner::KeysOf(std::string domain) {
  absl::Time now = clock_.Now();
  {
    std::lock_guard lock(mutex_);
    auto found = known_.find(domain);
    if (found != known_.end() && now < found->second.until) co_return found->second.keys;
  }
  if (directory_ == nullptr) co_return UnavailableError("no directory service");
  directory::v1::GetSigningKeysRequest request;
  request.set_domain(domain);
  auto call =
      rpc::Call(*directory_, &DirectoryService::GetSigningKeys, std::move(request), kTimeout);
  absl::StatusOr<directory::v1::GetSigningKeysResponse> response = co_await std::move(call);
  if (!response.ok()) co_return response.status();
  auto keys = std::make_shared<std::vector<mailauth::DkimSigningKey>>();
  for (const directory::v1::SigningKey& key : response->keys()) {
    absl::StatusOr<mailauth::DkimPrivateKey> parsed =
        mailauth::DkimPrivateKey::FromPem(key.private_key_pem());
    if (parsed.ok()) {
      keys->push_back({domain, key.selector(), *std::move(parsed)});
    } else {
      log::Error("relay.key.unusable", {{"domain", domain}, {"selector", key.selector()}});
    }
  }
  std::lock_guard lock(mutex_);
  if (known_.size() >= kMaxDomains) known_.clear();
  known_[domain] = {keys, now + kKeysLife};
  co_return Keys(keys);
}

net::Awaitable<absl::StatusOr<std::string>> DirectorySigner::Sign(const Message& message,
                                                                  std::string_view content) {
  // A stranger's mail that passes through is not ours to vouch for.
  std::string domain = message.auth_user.empty() && !message.own_report ? "" : FromDomain(content);
  if (domain.empty()) co_return std::string();
  auto find = KeysOf(domain);
  absl::StatusOr<Keys> keys = co_await std::move(find);
  if (!keys.ok()) co_return keys.status();
  if ((*keys)->empty()) co_return std::string();
  mailauth::DkimSignOptions options;
  options.unix_seconds = absl::ToUnixSeconds(clock_.Now());
  std::function<absl::StatusOr<std::string>()> work = [keys = *keys, content,
                                                       options]() -> absl::StatusOr<std::string> {
    return mailauth::DkimSign(content, *keys, options);
  };
  auto run = RunBlocking(pool_, std::move(work));
  absl::StatusOr<std::string> fields = co_await std::move(run);
  co_return fields;
}

}  // namespace pennypost::relay
