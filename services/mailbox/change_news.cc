#include "services/mailbox/change_news.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/id.h"
#include "base/text.h"
#include "net/stream.h"

namespace pennypost::mailbox {
namespace {
constexpr char kChannel[] = "pp:mailbox:changed";
}

ChangeNews::ChangeNews(boost::asio::io_context& io, const std::string& address,
                       const std::string& password, std::function<void(int64_t)> on_change)
    : io_(io),
      instance_(HexEncode(RandomBytes(8))),
      on_change_(std::move(on_change)),
      sender_(io, address, password),
      listener_(io, address, password, [this](const std::string& words) { Hear(words); }) {}

void ChangeNews::Start() {
  if (listener_.configured()) boost::asio::co_spawn(io_, Listen(), boost::asio::detached);
}

// Subscribing again is how the connection is kept alive, and made again when it was lost.
net::Awaitable<void> ChangeNews::Listen() {
  while (!stopped_) {
    std::vector<std::string> subscribe = {"SUBSCRIBE", kChannel};
    auto command = listener_.Command(std::move(subscribe), absl::Seconds(3));
    absl::StatusOr<redis::Reply> reply = co_await std::move(command);
    auto pause = net::Sleep(absl::Seconds(1));
    co_await std::move(pause);
  }
}

void ChangeNews::Tell(int64_t account_id) {
  if (!sender_.configured()) return;
  {
    std::lock_guard lock(mutex_);
    bool under_way = !changed_.empty();
    changed_.insert(account_id);
    if (under_way) return;
  }
  boost::asio::post(io_, [this] { Publish(); });
}

void ChangeNews::Publish() {
  std::string words = instance_;
  {
    std::lock_guard lock(mutex_);
    for (int64_t account : changed_) words += fmt::format(" {}", account);
    changed_.clear();
  }
  sender_.Send({"PUBLISH", kChannel, words});
}

void ChangeNews::Hear(const std::string& words) const {
  std::vector<std::string_view> fields = Split(words, ' ');
  if (fields[0] == instance_) return;
  for (size_t i = 1; i < fields.size(); ++i) {
    if (auto account = ParseUint(fields[i])) on_change_(static_cast<int64_t>(*account));
  }
}

}  // namespace pennypost::mailbox
