#pragma once
#include "s3/client.h"
#include "services/mailbox/store/blob_store.h"

namespace pennypost::mailbox {

// In a bucket, below a prefix.
class S3BlobStore : public BlobStore {
 public:
  S3BlobStore(s3::Options options, std::string prefix)
      : client_(std::move(options)), prefix_(std::move(prefix)) {}

  absl::Status Put(const std::string& name, std::string_view content) override;
  absl::StatusOr<std::string> Get(const std::string& name) override;
  absl::StatusOr<std::string> GetRange(const std::string& name, uint64_t offset,
                                       uint64_t length) override;
  absl::Status Delete(const std::string& name) override;
  absl::StatusOr<Page> List(const std::string& after, int limit) override;

 private:
  s3::Client client_;
  const std::string prefix_;
};

}  // namespace pennypost::mailbox
