#include "services/mailbox/store/s3_blob_store.h"

namespace pennypost::mailbox {
namespace {

// A wrong key or bucket is our own trouble and may be mended: nobody's mail is refused for it.
absl::Status Ours(absl::Status status) {
  if (status.code() != absl::StatusCode::kPermissionDenied) return status;
  return UnavailableError(MessageOf(status));
}

}  // namespace

absl::Status S3BlobStore::Put(const std::string& name, std::string_view content) {
  absl::Status status = Ours(client_.Put(prefix_ + name, content));
  // There is no bucket, for instance.
  return status.code() == absl::StatusCode::kNotFound ? UnavailableError(MessageOf(status))
                                                      : status;
}

absl::StatusOr<std::string> S3BlobStore::Get(const std::string& name) {
  auto content = client_.Get(prefix_ + name);
  if (!content.ok()) return Ours(content.status());
  return content;
}

absl::StatusOr<std::string> S3BlobStore::GetRange(const std::string& name, uint64_t offset,
                                                  uint64_t length) {
  auto content = client_.GetRange(prefix_ + name, offset, length);
  if (!content.ok()) return Ours(content.status());
  return content;
}

absl::Status S3BlobStore::Delete(const std::string& name) {
  return Ours(client_.Delete(prefix_ + name));
}

absl::StatusOr<BlobStore::Page> S3BlobStore::List(const std::string& after, int limit) {
  auto found = client_.List(prefix_, after.empty() ? "" : prefix_ + after, limit);
  if (!found.ok()) return Ours(found.status());
  Page page;
  for (const s3::Object& object : found->objects)
    page.objects.push_back({object.key.substr(prefix_.size()), object.age});
  if (!found->last.empty()) page.last = found->last.substr(prefix_.size());
  return page;
}

}  // namespace pennypost::mailbox
