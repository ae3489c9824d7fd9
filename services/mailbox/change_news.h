#pragma once
// Which accounts changed, told to the other instances through Redis pub/sub, so that a client that
// idles elsewhere hears of it at once. Never needed: each instance looks into the database once a
// second for those who wait. News that are lost, late or doubled do no harm.

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "redis/client.h"

namespace pennypost::mailbox {

class ChangeNews {
 public:
  // `on_change` runs on any io thread with an account that another instance changed. Without an
  // address nothing is told or heard.
  ChangeNews(boost::asio::io_context& io, const std::string& address, const std::string& password,
             std::function<void(int64_t)> on_change);

  void Start();
  void Stop() { stopped_ = true; }
  // After a commit. What comes while a message is on its way to the io thread goes with the next.
  // Thread-safe.
  void Tell(int64_t account_id);

 private:
  net::Awaitable<void> Listen();
  void Publish();
  void Hear(const std::string& words) const;

  boost::asio::io_context& io_;
  const std::string instance_;
  const std::function<void(int64_t)> on_change_;
  redis::Client sender_;
  redis::Client listener_;
  std::mutex mutex_;
  std::set<int64_t> changed_;
  std::atomic<bool> stopped_{false};
};

}  // namespace pennypost::mailbox
