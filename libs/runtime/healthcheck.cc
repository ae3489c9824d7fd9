#include "runtime/healthcheck.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/text.h"
#include "config/config.h"
#include "net/tcp_stream.h"

namespace pennypost::runtime {
namespace {

constexpr size_t kMostBytes = 64 << 10;

// Where a listener on every address is reached from its own host.
std::string LoopbackFor(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "::1";
  return host;
}

net::Awaitable<absl::StatusOr<std::string>> Fetch(net::HostPort at, absl::Duration timeout) {
  std::string host = LoopbackFor(at.host);
  auto stream = co_await net::ConnectHost(host, at.port, timeout);
  if (!stream.ok()) co_return stream.status();
  constexpr std::string_view kRequest =
      "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  absl::Status sent = co_await (*stream)->Write(kRequest, timeout);
  if (!sent.ok()) co_return sent;
  std::string answer;
  char chunk[4096];
  while (answer.size() < kMostBytes) {
    auto n = co_await (*stream)->Read(chunk, sizeof chunk, timeout);
    if (!n.ok()) co_return n.status();
    if (*n == 0) break;
    answer.append(chunk, *n);
  }
  co_return answer;
}

}  // namespace

absl::StatusOr<std::string> AskReady(const std::string& address, absl::Duration timeout) {
  if (config::IsOff(address)) return SyntaxError("common.admin names no health port to ask");
  ASSIGN_OR_RETURN(net::HostPort at, net::ParseHostPort(address));
  boost::asio::io_context io;
  auto fetch = Fetch(std::move(at), timeout);
  auto future = boost::asio::co_spawn(io, std::move(fetch), boost::asio::use_future);
  io.run();
  absl::StatusOr<std::string> answer = future.get();
  if (!answer.ok()) {
    return UnavailableError(fmt::format("{}: {}", address, MessageOf(answer.status())));
  }
  size_t body = answer->find("\r\n\r\n");
  if (!answer->starts_with("HTTP/1.1 ") || body == std::string::npos) {
    return UnavailableError(fmt::format("{}: not the answer of a health port", address));
  }
  std::string report(Trim(std::string_view(*answer).substr(body + 4)));
  if (answer->substr(9, 4) != "200 ") return UnavailableError(report);
  return report;
}

}  // namespace pennypost::runtime
