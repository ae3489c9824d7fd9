#pragma once
// How often a peer may come: counts in windows of a minute, shared by all instances through Redis,
// and by each instance alone while Redis is away.

#include <absl/time/time.h>

#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/text.h"
#include "net/awaitable.h"

namespace pennypost::redis {
class Client;
}

namespace pennypost::filter {

// The counts of this instance. Thread-safe. Holds a bounded number of keys; beyond them all counts
// start anew, which errs for the peer.
class LocalLimiter {
 public:
  // One more for `key`; how many there are in this window.
  uint64_t Add(std::string_view key, int64_t window);

 private:
  std::mutex mutex_;
  int64_t window_ = 0;
  std::unordered_map<std::string, uint64_t, StringHash, std::equal_to<>> counts_;
};

class RateLimiter {
 public:
  // `redis` may be without an address. Both outlive the limiter.
  RateLimiter(redis::Client& redis, const Clock& clock) : redis_(redis), clock_(clock) {}

  // Counts one more of `kind` for `peer`; false beyond `limit` a minute. 0 means no limit.
  net::Awaitable<bool> Allow(std::string kind, std::string peer, uint32_t limit);

 private:
  redis::Client& redis_;
  const Clock& clock_;
  LocalLimiter local_;
};

}  // namespace pennypost::filter
