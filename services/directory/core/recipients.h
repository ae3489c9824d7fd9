#pragma once
// Where mail for an address goes: alias domains, accounts, plus-addressing, aliases, catch-all, in
// that order.

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "services/directory/store/store.h"

namespace pennypost::directory {

struct Target {
  int64_t account_id = 0;  // 0: a remote address
  std::string address;
  std::string detail;
  int64_t quota_bytes = 0;
  bool operator==(const Target&) const = default;
};

struct Resolution {
  enum class Kind { kDeliverable, kRemoteDomain, kUnknownUser, kDisabled, kLoop };
  Kind kind = Kind::kUnknownUser;
  std::vector<Target> targets;
};

struct RecipientOptions {
  std::string delimiter = "+";
  int64_t default_quota_bytes = 0;
  int max_depth = 10;  // aliases that lead to aliases
  size_t max_targets = 1000;
};

// Blocking. InvalidArgument for what is no address.
class RecipientResolver {
 public:
  RecipientResolver(Store& store, RecipientOptions options)
      : store_(store), options_(std::move(options)) {}
  absl::StatusOr<Resolution> Resolve(const std::string& address) const;
  const RecipientOptions& options() const { return options_; }

 private:
  struct Walk;
  absl::Status Expand(const std::string& address, int depth, Walk& walk) const;
  absl::Status ExpandLocal(const std::string& local, const std::string& domain,
                           const DomainRow& row, int depth, Walk& walk) const;
  void AddAccount(const AccountRow& account, std::string detail, Walk& walk) const;

  Store& store_;
  const RecipientOptions options_;
};

// Answers of the last seconds, so that a burst of mail to one address asks the store once. Short,
// because an administrator's change must show soon. Thread-safe.
class ResolutionCache {
 public:
  ResolutionCache(const Clock& clock, absl::Duration life, size_t capacity)
      : clock_(clock), life_(life), capacity_(capacity) {}
  std::optional<Resolution> Find(std::string_view address);
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
