#include "net/memory_stream.h"

#include <cstring>

namespace pennypost::net {

bool MemoryStream::Fails() {
  int at = operations_++;
  return fail_in_ >= 0 && at >= fail_in_;
}

Awaitable<absl::StatusOr<size_t>> MemoryStream::Read(char* buffer, size_t size, absl::Duration) {
  if (Fails()) co_return UnavailableError("connection reset");
  if (interrupted_) {
    interrupted_ = false;
    co_return absl::CancelledError("interrupted");
  }
  if (pieces_.empty()) {
    if (hang_at_end_) co_return absl::DeadlineExceededError("the other side is silent");
    co_return size_t{0};
  }
  std::string& piece = pieces_.front();
  size_t n = std::min(size, piece.size());
  std::memcpy(buffer, piece.data(), n);
  piece.erase(0, n);
  if (piece.empty()) pieces_.pop_front();
  co_return n;
}

Awaitable<absl::Status> MemoryStream::Write(std::string_view bytes, absl::Duration) {
  if (Fails()) co_return UnavailableError("broken pipe");
  written_ += bytes;
  co_return absl::OkStatus();
}

Awaitable<absl::Status> MemoryStream::StartTlsServer(const TlsServerContext&, absl::Duration) {
  if (Fails()) co_return UnavailableError("TLS handshake: failed");
  tls_ = true;
  co_return absl::OkStatus();
}

Awaitable<absl::Status> MemoryStream::StartTlsClient(const TlsClientContext&, const std::string&,
                                                     PeerVerification, absl::Duration) {
  if (Fails()) co_return UnavailableError("TLS handshake: failed");
  tls_ = true;
  co_return absl::OkStatus();
}

Awaitable<void> MemoryStream::Close() {
  closed_ = true;
  co_return;
}

}  // namespace pennypost::net
