#include "net/listener.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <condition_variable>
#include <map>
#include <unordered_map>

#include "base/text.h"
#include "net/socket_stream.h"

namespace pennypost::net {
namespace {
namespace asio = boost::asio;
using asio::ip::tcp;

constexpr absl::Duration kDrainStep = absl::Milliseconds(100);
}  // namespace

struct Listener::Impl : std::enable_shared_from_this<Listener::Impl> {
  Impl(asio::io_context& io_context, ListenerLimits listener_limits, Handler session_handler)
      : io(io_context),
        limits(std::move(listener_limits)),
        handler(std::move(session_handler)),
        acceptor(io) {}

  asio::io_context& io;
  const ListenerLimits limits;
  const Handler handler;
  tcp::acceptor acceptor;

  mutable std::mutex mutex;
  std::condition_variable empty;
  bool ending = false;
  std::map<std::shared_ptr<Stream>, DrainSignal*> sessions;
  std::unordered_map<std::string, uint32_t> per_address;

  bool Enter(const std::string& key, const std::shared_ptr<Stream>& stream, DrainSignal* drain) {
    std::lock_guard lock(mutex);
    if (sessions.size() >= limits.max_connections) return false;
    uint32_t& count = per_address[key];
    if (count >= limits.max_per_address) return false;
    ++count;
    sessions[stream] = drain;
    drain->draining_ = ending;
    return true;
  }

  // Of those who do not know yet. Returns how many are left.
  size_t TellToDrain(size_t most) {
    std::lock_guard lock(mutex);
    ending = true;
    size_t left = 0;
    for (auto& [stream, drain] : sessions) {
      if (drain->draining()) continue;
      if (most == 0) {
        ++left;
        continue;
      }
      --most;
      drain->draining_ = true;
      stream->Interrupt();
    }
    return left;
  }

  static Awaitable<void> TellSlowly(std::shared_ptr<Impl> self, size_t at_once) {
    do {
      co_await Sleep(kDrainStep);
    } while (self->TellToDrain(at_once) > 0);
  }

  void Leave(const std::string& key, const std::shared_ptr<Stream>& stream) {
    std::lock_guard lock(mutex);
    sessions.erase(stream);
    auto it = per_address.find(key);
    if (it != per_address.end() && --it->second == 0) per_address.erase(it);
    if (sessions.empty()) empty.notify_all();
  }

  static Awaitable<void> RunSession(std::shared_ptr<Impl> self, std::shared_ptr<Stream> stream,
                                    Peer peer) {
    std::string key = peer.address.LimitKey();
    DrainSignal drain;
    if (!self->Enter(key, stream, &drain)) {
      co_await stream->Write(self->limits.refusal, absl::Seconds(1));
      co_await stream->Close();
      co_return;
    }
    co_await self->handler(stream, peer, drain);
    co_await stream->Close();
    self->Leave(key, stream);
  }

  static Awaitable<void> Accept(std::shared_ptr<Impl> self) {
    for (;;) {
      auto strand = asio::make_strand(self->io);
      boost::system::error_code error;
      tcp::socket socket(strand);
      std::tie(error) =
          co_await self->acceptor.async_accept(socket, asio::as_tuple(asio::use_awaitable));
      if (error == asio::error::operation_aborted || !self->acceptor.is_open()) co_return;
      if (error) {
        // Out of descriptors or memory: the connection waits in the kernel until some are free.
        co_await Sleep(absl::Milliseconds(50));
        continue;
      }
      auto remote = socket.remote_endpoint(error);
      if (error) continue;  // gone again
      Peer peer;
      peer.address = IpAddress::Parse(remote.address().to_string()).value_or(IpAddress{});
      peer.port = remote.port();
      peer.local_port = socket.local_endpoint(error).port();
      socket.set_option(tcp::no_delay(true), error);
      std::shared_ptr<Stream> stream = std::make_shared<SocketStream>(std::move(socket));
      asio::co_spawn(strand, RunSession(self, stream, peer), asio::detached);
    }
  }
};

Listener::Listener(asio::io_context& io, ListenerLimits limits, Handler handler)
    : impl_(std::make_shared<Impl>(io, std::move(limits), std::move(handler))) {}

Listener::~Listener() {
  boost::system::error_code ignored;
  impl_->acceptor.close(ignored);
}

absl::Status Listener::Start(const std::string& address) {
  ASSIGN_OR_RETURN(HostPort at, ParseHostPort(address));
  boost::system::error_code error;
  auto ip = asio::ip::make_address(at.host, error);
  if (error) return SyntaxError(fmt::format("cannot listen on {}: not an IP address", address));
  tcp::endpoint endpoint(ip, at.port);
  tcp::acceptor& acceptor = impl_->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error)
    return UnavailableError(
        fmt::format("cannot listen on {}: {}", address, ToLower(error.message())));
  asio::co_spawn(impl_->io, Impl::Accept(impl_), asio::detached);
  return absl::OkStatus();
}

uint16_t Listener::port() const {
  boost::system::error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

uint32_t Listener::connections() const {
  std::lock_guard lock(impl_->mutex);
  return static_cast<uint32_t>(impl_->sessions.size());
}

void Listener::BeginDrain(absl::Duration over) {
  auto impl = impl_;
  asio::post(impl->io, [impl] {
    boost::system::error_code ignored;
    impl->acceptor.close(ignored);
  });
  auto steps = static_cast<size_t>(std::max<int64_t>(over / kDrainStep, 1));
  size_t at_once = connections() / steps + 1;
  if (impl->TellToDrain(over > absl::ZeroDuration() ? at_once : SIZE_MAX) > 0)
    asio::co_spawn(impl->io, Impl::TellSlowly(impl, at_once), asio::detached);
}

void Listener::FinishDrain(absl::Duration at_most) {
  std::unique_lock lock(impl_->mutex);
  impl_->empty.wait_for(lock, absl::ToChronoMilliseconds(at_most),
                        [&] { return impl_->sessions.empty(); });
}

}  // namespace pennypost::net
