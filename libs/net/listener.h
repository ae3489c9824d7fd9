#pragma once
// Accepts connections and runs one coroutine for each, on a strand of its own.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "net/stream.h"

namespace boost::asio {
class io_context;
}

namespace pennypost::net {

struct Peer {
  IpAddress address;
  uint16_t port = 0;
  uint16_t local_port = 0;
};

struct ListenerLimits {
  uint32_t max_connections = 10000;
  uint32_t max_per_address = 50;
  // Sent to a connection over a limit before it is closed ("421 4.7.0 too many connections\r\n").
  std::string refusal;
};

// Whether a session is to end at its next good moment. Each session has its own.
class DrainSignal {
 public:
  bool draining() const { return draining_.load(std::memory_order_relaxed); }

 private:
  friend class Listener;
  std::atomic<bool> draining_{false};
};

class Listener {
 public:
  // Must not throw; the stream is closed when it returns.
  using Handler = std::function<Awaitable<void>(std::shared_ptr<Stream>, Peer, const DrainSignal&)>;

  Listener(boost::asio::io_context& io, ListenerLimits limits, Handler handler);
  ~Listener();

  // Opens HOST:PORT and accepts. "address in use" and the like come back in one clear line.
  absl::Status Start(const std::string& address);
  // The port that was bound (for port 0).
  uint16_t port() const;
  uint32_t connections() const;

  // Stops accepting; marks the drain signal of every session and wakes its Read with Cancelled: all
  // at once, or some at a time `over` a while, so that their clients do not all come back in one
  // moment.
  void BeginDrain(absl::Duration over = absl::ZeroDuration());
  // Waits until no session is left or the time is up, then cuts what is left. From outside the io
  // threads.
  void FinishDrain(absl::Duration at_most);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pennypost::net
