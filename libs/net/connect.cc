#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <absl/time/clock.h>

#include "net/socket_stream.h"
#include "net/tcp_stream.h"

namespace pennypost::net {
namespace {

namespace asio = boost::asio;
using Endpoint = asio::generic::stream_protocol::endpoint;

Awaitable<absl::StatusOr<std::unique_ptr<Stream>>> Connect(Endpoint endpoint,
                                                           absl::Duration timeout) {
  auto executor = co_await asio::this_coro::executor;
  auto socket = std::make_shared<SocketStream::Socket>(executor);
  auto expired = std::make_shared<bool>(false);
  asio::steady_timer timer(executor, absl::ToChronoNanoseconds(timeout));
  timer.async_wait([socket, expired](const boost::system::error_code& error) {
    if (error) return;
    *expired = true;
    boost::system::error_code ignored;
    socket->close(ignored);
  });
  boost::system::error_code error;
  std::tie(error) = co_await socket->async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  timer.cancel();
  if (*expired) co_return absl::DeadlineExceededError("connecting took too long");
  if (error) co_return UnavailableError(error.message());
  if (endpoint.protocol().family() != AF_UNIX) {
    socket->set_option(asio::ip::tcp::no_delay(true), error);
  }
  std::unique_ptr<Stream> stream = std::make_unique<SocketStream>(std::move(*socket));
  co_return stream;
}

}  // namespace

Awaitable<absl::StatusOr<std::unique_ptr<Stream>>> ConnectTcp(IpAddress address, uint16_t port,
                                                              absl::Duration timeout) {
  boost::system::error_code error;
  auto ip = asio::ip::make_address(address.ToString(), error);
  if (error) co_return SyntaxError(error.message());
  Endpoint endpoint = asio::ip::tcp::endpoint(ip, port);
  co_return co_await Connect(endpoint, timeout);
}

Awaitable<absl::StatusOr<std::unique_ptr<Stream>>> ConnectHost(std::string host, uint16_t port,
                                                               absl::Duration timeout) {
  if (auto address = IpAddress::Parse(host)) co_return co_await ConnectTcp(*address, port, timeout);
  absl::Time deadline = absl::Now() + timeout;
  asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
  boost::system::error_code error;
  asio::ip::tcp::resolver::results_type found;
  std::string service = std::to_string(port);
  std::tie(error, found) =
      co_await resolver.async_resolve(host, service, asio::as_tuple(asio::use_awaitable));
  if (error) co_return UnavailableError(fmt::format("{}: {}", host, error.message()));
  absl::StatusOr<std::unique_ptr<Stream>> opened = UnavailableError(host + ": no address");
  for (const auto& entry : found) {
    Endpoint endpoint = entry.endpoint();
    opened = co_await Connect(endpoint, deadline - absl::Now());
    if (opened.ok()) break;
  }
  co_return opened;
}

Awaitable<absl::StatusOr<std::unique_ptr<Stream>>> ConnectUnix(std::string path,
                                                               absl::Duration timeout) {
  Endpoint endpoint = asio::local::stream_protocol::endpoint(path);
  co_return co_await Connect(endpoint, timeout);
}

}  // namespace pennypost::net
