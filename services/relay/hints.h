#pragma once
// Hints between instances that something is due, through Redis. Never needed: each instance looks
// into the database by itself a few times a second. A hint that is lost, late or doubled does no
// harm.

#include <atomic>
#include <functional>
#include <string>

#include "redis/client.h"

namespace pennypost::relay {

class Hints {
 public:
  // `on_hint` may run on any io thread.
  Hints(boost::asio::io_context& io, const std::string& address, const std::string& password,
        std::function<void()> on_hint);

  void Start();
  void Stop() { stopped_ = true; }
  // After a commit.
  void Push();

 private:
  net::Awaitable<void> Listen();

  boost::asio::io_context& io_;
  redis::Client sender_;
  redis::Client listener_;  // of its own: a command that waits would hold up the others
  std::function<void()> on_hint_;
  std::atomic<bool> stopped_{false};
};

}  // namespace pennypost::relay
