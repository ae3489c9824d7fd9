#include "services/relay/hints.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "net/stream.h"

namespace pennypost::relay {
namespace {
constexpr char kKey[] = "pp:relay:due";
}

Hints::Hints(boost::asio::io_context& io, const std::string& address, const std::string& password,
             std::function<void()> on_hint)
    : io_(io),
      sender_(io, address, password),
      listener_(io, address, password),
      on_hint_(std::move(on_hint)) {}

void Hints::Start() {
  if (listener_.configured()) boost::asio::co_spawn(io_, Listen(), boost::asio::detached);
}

void Hints::Push() {
  if (!sender_.configured()) return;
  sender_.Send({"LPUSH", kKey, "1"});
  // Nobody listens: the hints of yesterday are of no use.
  sender_.Send({"LTRIM", kKey, "0", "99"});
}

net::Awaitable<void> Hints::Listen() {
  while (!stopped_) {
    std::vector<std::string> wait = {"BRPOP", kKey, "1"};
    auto command = listener_.Command(std::move(wait), absl::Seconds(3));
    absl::StatusOr<redis::Reply> reply = co_await std::move(command);
    if (reply.ok()) {
      if (reply->kind == redis::Reply::Kind::kArray) on_hint_();
      continue;
    }
    auto pause = net::Sleep(absl::Seconds(1));
    co_await std::move(pause);
  }
}

}  // namespace pennypost::relay
