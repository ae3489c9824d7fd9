#include "services/access/client_link.h"

#include <absl/time/clock.h>

#include "net/deflate_stream.h"
#include "net/proxy_header.h"

namespace pennypost::access {
namespace {

constexpr absl::Duration kWriteStall = absl::Minutes(2);
constexpr absl::Duration kHandshakeLimit = absl::Seconds(10);
constexpr absl::Duration kLastWordsLimit = absl::Seconds(5);

}  // namespace

ClientLink::ClientLink(const LinkOptions& options, std::shared_ptr<net::Stream> stream,
                       net::Peer peer, const net::DrainSignal& drain)
    : options_(options),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      drain_(drain),
      silent_since_(absl::Now()) {}

net::Awaitable<bool> ClientLink::Open() {
  if (net::ContainsAny(options_.proxy_networks, peer_.address)) {
    absl::Status status = co_await net::ReadProxyHeader(*stream_, peer_, kHandshakeLimit);
    if (!status.ok()) {
      end_ = "PROXY: " + MessageOf(status);
      co_return false;
    }
  }
  if (!options_.implicit_tls) co_return true;
  co_return co_await StartTls();
}

net::Awaitable<bool> ClientLink::StartTls() {
  absl::Status status = co_await stream_->StartTlsServer(*options_.tls, kHandshakeLimit);
  if (!status.ok()) end_ = "TLS: " + MessageOf(status);
  co_return status.ok();
}

void ClientLink::StartCompression() {
  stream_ = std::make_shared<net::DeflateStream>(std::move(stream_));
}

net::Awaitable<bool> ClientLink::Write(std::string_view bytes) {
  absl::Status status = co_await stream_->Write(bytes, kWriteStall);
  if (!status.ok()) end_ = "write: " + MessageOf(status);
  co_return status.ok();
}

net::Awaitable<ClientLink::Got> ClientLink::Read(absl::Duration limit) {
  absl::Duration left = std::max(silent_since_ + limit - absl::Now(), absl::Milliseconds(1));
  absl::StatusOr<size_t> got = co_await stream_->Read(buffer_, sizeof buffer_, left);
  size_ = got.value_or(0);
  if (size_ > 0) {
    silent_since_ = absl::Now();
    co_return Got::kBytes;
  }
  if (got.ok()) co_return Got::kEnd;
  if (got.status().code() == absl::StatusCode::kCancelled) co_return Got::kInterrupted;
  bool timeout = got.status().code() == absl::StatusCode::kDeadlineExceeded;
  end_ = timeout ? "timeout" : "read: " + MessageOf(got.status());
  co_return timeout ? Got::kTimeout : Got::kEnd;
}

net::Awaitable<void> ClientLink::LastWords(std::string_view bytes) {
  absl::Status ignored = co_await stream_->Write(bytes, kLastWordsLimit);
}

}  // namespace pennypost::access
