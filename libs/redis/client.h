#pragma once
// Redis over one pipelined connection. hiredis is the codec; the socket is Asio's.
//
// Redis is disposable: what it says is a hint. After a failure the client answers Unavailable at
// once for a while (a breaker), so that mail does not wait for a dead Redis; every caller has its
// own way on without it.

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "net/awaitable.h"

namespace boost::asio {
class io_context;
}

namespace pennypost::redis {

struct Reply {
  enum class Kind { kNil, kInteger, kString, kArray };
  Kind kind = Kind::kNil;
  int64_t integer = 0;
  std::string text;
  std::vector<Reply> items;
};

class Client {
 public:
  // "unix:/path" or "HOST:PORT". Connects at the first command. An empty address: every command is
  // Unavailable. `on_message` gets what is published on channels this client has subscribed to; it
  // runs on an io thread and must outlive the io_context's last turn.
  Client(boost::asio::io_context& io, std::string address, std::string password,
         std::function<void(const std::string& message)> on_message = {});
  ~Client();

  // One command, {"INCRBY", "key", "1"}. Unavailable when there is no answer within `timeout`; an
  // error of Redis itself is Internal. Thread-safe; commands are sent in the order of the calls.
  net::Awaitable<absl::StatusOr<Reply>> Command(std::vector<std::string> arguments,
                                                absl::Duration timeout = absl::Milliseconds(50));
  // The same without waiting for an answer, which is thrown away.
  void Send(std::vector<std::string> arguments);

  bool configured() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pennypost::redis
