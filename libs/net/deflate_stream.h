#pragma once
// Compression over a stream (RFC 4978): DEFLATE without headers, in both directions from the first
// byte.
//
// What comes in is inflated into the caller's buffer and no further, so that a few bytes that stand
// for gigabytes cost no memory. One connection takes about 70 KiB for it.

#include <memory>

#include "net/stream.h"

namespace pennypost::net {

class DeflateStream : public Stream {
 public:
  explicit DeflateStream(std::shared_ptr<Stream> inner);
  ~DeflateStream() override;

  // Unavailable also for bytes that are no DEFLATE.
  Awaitable<absl::StatusOr<size_t>> Read(char* buffer, size_t size,
                                         absl::Duration timeout) override;
  Awaitable<absl::Status> Write(std::string_view bytes, absl::Duration timeout) override;
  // TLS lies below compression: it is too late for it.
  Awaitable<absl::Status> StartTlsServer(const TlsServerContext& context,
                                         absl::Duration timeout) override;
  Awaitable<absl::Status> StartTlsClient(const TlsClientContext& context,
                                         const std::string& server_name,
                                         PeerVerification verification,
                                         absl::Duration timeout) override;
  void Interrupt() override { inner_->Interrupt(); }
  Awaitable<void> Close() override { return inner_->Close(); }
  std::string TlsDescription() const override { return inner_->TlsDescription(); }
  std::string TlsPeerProblem() const override { return inner_->TlsPeerProblem(); }

 private:
  struct Codec;

  const std::shared_ptr<Stream> inner_;
  const std::unique_ptr<Codec> codec_;
};

}  // namespace pennypost::net
