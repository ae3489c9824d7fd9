#pragma once
// For tests.

#include <absl/time/clock.h>

#include <map>
#include <mutex>

#include "services/mailbox/store/blob_store.h"

namespace pennypost::mailbox {

class MemoryBlobStore : public BlobStore {
 public:
  // All calls from now on fail with this; OK heals.
  void FailWith(absl::Status status) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(status);
  }
  void Flip(const std::string& name) {
    std::lock_guard lock(mutex_);
    objects_[name].first.back() ^= 1;
  }

  absl::Status Put(const std::string& name, std::string_view content) override {
    std::lock_guard lock(mutex_);
    if (failure_.ok()) objects_[name] = {std::string(content), absl::Now()};
    return failure_;
  }
  absl::StatusOr<std::string> Get(const std::string& name) override {
    std::lock_guard lock(mutex_);
    if (!failure_.ok()) return failure_;
    auto at = objects_.find(name);
    if (at == objects_.end()) return NotFoundError("no such object");
    return at->second.first;
  }
  absl::StatusOr<std::string> GetRange(const std::string& name, uint64_t offset,
                                       uint64_t length) override {
    ASSIGN_OR_RETURN(std::string content, Get(name));
    return offset < content.size() ? content.substr(offset, length) : "";
  }
  absl::Status Delete(const std::string& name) override {
    std::lock_guard lock(mutex_);
    if (failure_.ok()) objects_.erase(name);
    return failure_;
  }
  absl::StatusOr<Page> List(const std::string& after, int limit) override {
    std::lock_guard lock(mutex_);
    if (!failure_.ok()) return failure_;
    Page page;
    for (auto at = objects_.upper_bound(after); at != objects_.end(); ++at) {
      if (page.objects.size() == static_cast<size_t>(limit)) {
        page.last = page.objects.back().name;
        break;
      }
      page.objects.push_back({at->first, absl::Now() - at->second.second});
    }
    return page;
  }

 private:
  std::mutex mutex_;
  absl::Status failure_;
  std::map<std::string, std::pair<std::string, absl::Time>> objects_;
};

}  // namespace pennypost::mailbox
