#include "services/filter/core/rate_limiter.h"

#include "redis/client.h"

namespace pennypost::filter {
namespace {
constexpr int64_t kWindowSeconds = 60;
constexpr size_t kMaxKeys = 100'000;
}  // namespace

uint64_t LocalLimiter::Add(std::string_view key, int64_t window) {
  std::lock_guard lock(mutex_);
  if (window != window_ || counts_.size() >= kMaxKeys) counts_.clear();
  window_ = window;
  return ++counts_[std::string(key)];
}

net::Awaitable<bool> RateLimiter::Allow(std::string kind, std::string peer, uint32_t limit) {
  if (limit == 0) co_return true;
  int64_t window = absl::ToUnixSeconds(clock_.Now()) / kWindowSeconds;
  std::string key = "pp:rate:" + kind + ":" + peer;
  // Counted here as well, so that a Redis that goes away does not hand out a fresh allowance.
  uint64_t count = local_.Add(key, window);
  if (redis_.configured()) {
    key += ":" + std::to_string(window);
    std::vector<std::string> increment = {"INCR", key};
    auto command = redis_.Command(std::move(increment));
    absl::StatusOr<redis::Reply> reply = co_await std::move(command);
    if (reply.ok()) {
      count = static_cast<uint64_t>(reply->integer);
      if (count == 1) redis_.Send({"EXPIRE", key, std::to_string(2 * kWindowSeconds)});
    }
  }
  co_return count <= limit;
}

}  // namespace pennypost::filter
