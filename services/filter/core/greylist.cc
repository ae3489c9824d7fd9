#include "services/filter/core/greylist.h"

#include "base/id.h"
#include "base/text.h"
#include "redis/client.h"

namespace pennypost::filter {
namespace {

// Value of a triplet that came back; others hold the time of the first try.
constexpr std::string_view kKnown = "known";

std::string Seconds(absl::Duration duration) {
  return std::to_string(absl::ToInt64Seconds(duration));
}

}  // namespace

net::Awaitable<absl::Duration> Greylist::WaitFor(net::IpAddress peer, std::string sender,
                                                 std::string recipient) {
  std::string network = "pp:grey:net:" + peer.NetworkKey();
  // Hashed: addresses of any length, and nobody reads in Redis who writes to whom.
  std::string key =
      "pp:grey:mail:" +
      HexEncode(Sha256(peer.NetworkKey() + "\n" + ToLower(sender) + "\n" + ToLower(recipient)));
  std::vector<std::string> get = {"MGET", network, key};
  auto command = redis_.Command(std::move(get));
  absl::StatusOr<redis::Reply> reply = co_await std::move(command);
  if (!reply.ok() || reply->items.size() != 2) co_return absl::ZeroDuration();
  uint64_t returned = ParseUint(reply->items[0].text).value_or(0);
  if (options_.allow_after > 0 && returned >= options_.allow_after) {
    redis_.Send({"EXPIRE", network, Seconds(options_.keep)});
    co_return absl::ZeroDuration();
  }
  const std::string& value = reply->items[1].text;
  if (value == kKnown) {
    redis_.Send({"EXPIRE", key, Seconds(options_.keep)});
    co_return absl::ZeroDuration();
  }
  absl::Time now = clock_.Now();
  std::optional<uint64_t> since = ParseUint(value);
  if (!since) {
    std::vector<std::string> set = {"SET", key,  std::to_string(absl::ToUnixSeconds(now)),
                                    "NX",  "EX", Seconds(options_.retry)};
    auto write = redis_.Command(std::move(set));
    absl::StatusOr<redis::Reply> written = co_await std::move(write);
    // What cannot be remembered would never be let in.
    co_return written.ok() ? options_.delay : absl::ZeroDuration();
  }
  absl::Duration waited = now - absl::FromUnixSeconds(static_cast<int64_t>(*since));
  if (waited < options_.delay) co_return options_.delay - waited;
  auto remember = Remember(std::move(key), std::move(network));
  co_await std::move(remember);
  co_return absl::ZeroDuration();
}

// The triplet came back: it and its network are known a little better.
net::Awaitable<void> Greylist::Remember(std::string key, std::string network) {
  std::vector<std::string> set = {"SET", key, std::string(kKnown), "EX", Seconds(options_.keep),
                                  "GET"};
  auto write = redis_.Command(std::move(set));
  absl::StatusOr<redis::Reply> before = co_await std::move(write);
  // Of two instances that let it in at once, one counts.
  if (!before.ok() || before->text == kKnown) co_return;
  redis_.Send({"INCR", network});
  redis_.Send({"EXPIRE", network, Seconds(options_.keep)});
}

}  // namespace pennypost::filter
