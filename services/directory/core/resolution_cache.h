#pragma once
// Answers of the last seconds, so that a burst of mail to one address asks the store once.

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/text.h"
#include "services/directory/core/recipients.h"

namespace pennypost::directory {

// Short, because an administrator's change must show soon. Thread-safe.
class ResolutionCache {
 public:
  ResolutionCache(const Clock& clock, absl::Duration life, size_t capacity)
      : clock_(clock), life_(life), capacity_(capacity) {}
  std::optional<Resolution> Find(std::string_view address);
  // Keeps only what is the same for every poster.
  void Put(const std::string& address, const Resolution& resolution);
  void Clear();

 private:
  struct Entry {
    Resolution resolution;
    absl::Time until;
  };
  const Clock& clock_;
  const absl::Duration life_;
  const size_t capacity_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry, StringHash, std::equal_to<>> entries_;
};

}  // namespace pennypost::directory
