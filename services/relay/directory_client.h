#pragma once
// What relay asks directory: whose an address is, and the keys of a domain.

#include <map>
#include <mutex>

#include "base/clock.h"
#include "mailauth/dkim_sign.h"
#include "pennypost/directory/v1/directory_service.pb.h"
#include "rpc/worker_pool.h"
#include "services/relay/core/transport.h"

namespace pennypost::relay {

class DirectoryResolver final : public RecipientResolver {
 public:
  // `directory` is read at each call: it is set only when all services are connected.
  explicit DirectoryResolver(directory::v1::DirectoryService* const& directory)
      : directory_(directory) {}
  net::Awaitable<absl::StatusOr<Resolution>> Resolve(std::string address) override;

 private:
  directory::v1::DirectoryService* const& directory_;
};

// Signs what our users and we ourselves send, by the domain of the From field. Keys are kept for a
// minute.
class DirectorySigner final : public Signer {
 public:
  // RSA takes a millisecond: it is done on `pool`.
  DirectorySigner(directory::v1::DirectoryService* const& directory, rpc::WorkerPool& pool,
                  const Clock& clock)
      : directory_(directory), pool_(pool), clock_(clock) {}
  net::Awaitable<absl::StatusOr<std::string>> Sign(const Message& message,
                                                   std::string_view content) override;

 private:
  using Keys = std::shared_ptr<const std::vector<mailauth::DkimSigningKey>>;
  struct Known {
    Keys keys;
    absl::Time until;
  };
  net::Awaitable<absl::StatusOr<Keys>> KeysOf(std::string domain);

  directory::v1::DirectoryService* const& directory_;
  rpc::WorkerPool& pool_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace pennypost::relay
